"""The same job on other servers: a 40-byte delta to V viewers, side by side with ours in one run."""
