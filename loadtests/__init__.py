"""Measurements that anyone can run, each beside something else in the same run."""
