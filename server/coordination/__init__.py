"""What workers share through Redis or Valkey beside seats."""
