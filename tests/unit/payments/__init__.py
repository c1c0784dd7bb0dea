"""What is signed, read and refused, without any gateway."""
