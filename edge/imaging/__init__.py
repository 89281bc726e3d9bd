"""Pixels to cells: background, scale, quality, locate, stage, chart, crop. Numpy and Pillow."""
