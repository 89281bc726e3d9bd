"""Where frames come from: Picamera2, replayed pictures, a panned field, rendered phantoms."""
