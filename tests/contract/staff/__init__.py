"""What every adapter of the ports of staff does."""
