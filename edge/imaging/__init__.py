"""Pixels to cells: background, scale, quality, locate, stage, chart, crop. Pure numpy and Pillow."""
