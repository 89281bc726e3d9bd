"""Small networks of many families, with random weights: what the converter is tried on."""
