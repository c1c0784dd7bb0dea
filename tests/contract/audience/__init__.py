"""The contract of the port `Audience`, over every adapter."""
