"""A whole emulated machine for the VM test: qemu, its disk and sticks, and what runs inside it."""
