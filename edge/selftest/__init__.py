"""The self-test of a device: each part tried, and a named finding for it (`leukoscope check`)."""
