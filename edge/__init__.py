"""What runs on the device: frames in, lamps and records out (the map is DESIGN.md's)."""
