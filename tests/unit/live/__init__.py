"""Tests of the live engine without a socket or a store."""
