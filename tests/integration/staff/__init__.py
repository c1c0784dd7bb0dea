"""Staff over REST, on a real database."""
