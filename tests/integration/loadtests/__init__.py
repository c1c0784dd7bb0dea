"""Tests of the measurements on a real server, in small."""
