"""Tests of what the measurements are made of: a tool that counts wrongly proves nothing."""
