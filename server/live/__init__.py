"""The live engine: rooms that follow the seat store, and the sessions of those who watch them."""
