"""Several workers of `cinebook` on one port, as processes."""
