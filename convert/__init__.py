"""Workstation: a trained network to a quantized, verified bundle."""
