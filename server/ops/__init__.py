"""What runs the server: settings, logs, health."""
