"""Tests of the live engine through real sockets, on a real store and a real database."""
