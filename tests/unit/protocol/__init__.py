"""Tests of the wire contract, the seat map and the client."""
