"""Workstation: labelled cells to a trained float network, with its honest evaluation."""
