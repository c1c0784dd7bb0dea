"""Tests of parts that need nothing but Python."""
