"""Tests of sessions, tokens, cookies and origins."""
