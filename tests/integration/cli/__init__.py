"""The command `cinebook`, as processes."""
