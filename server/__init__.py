"""CineBook Live: a real-time seat-map server for cinemas."""
