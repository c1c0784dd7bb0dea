"""What watchers and holders meet while the store, its pub/sub or the database fails."""
