"""Tests of how the embedded servers are run, without the servers."""
