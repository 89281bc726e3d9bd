"""What the boot test puts into the booted root."""
