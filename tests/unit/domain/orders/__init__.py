"""Tests of what becomes of orders."""
