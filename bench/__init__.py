"""Figures and speed, printed by scripts: every number of README.md comes from here."""
