"""What every adapter of the ports about orders keeps."""
