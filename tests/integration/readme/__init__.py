"""What the README shows works as printed."""
