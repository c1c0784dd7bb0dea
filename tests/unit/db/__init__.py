"""Tests of the database folder that need no database."""
