"""The dossier of an examination: what leaves the device, in forms that others can read."""
