"""What lies behind each address of the page."""
