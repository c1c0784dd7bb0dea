"""Tests of the HTTP surface without a store or a database."""
