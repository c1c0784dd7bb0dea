"""Tests of what customers are told, and of what may go out over our name."""
