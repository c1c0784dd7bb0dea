"""What every adapter of push subscriptions keeps."""
