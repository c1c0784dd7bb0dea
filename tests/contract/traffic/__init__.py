"""What was said to gateways and by them, in the database."""
