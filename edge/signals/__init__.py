"""What a person sees at the device: indicator states, lamps and button."""
