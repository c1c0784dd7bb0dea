"""What workers share through the store, on a real one."""
