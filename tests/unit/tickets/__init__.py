"""Tests of ticket codes, their pictures, calendar entries and links."""
