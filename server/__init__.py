"""The CineBook Live server: live seat maps over WebSocket and REST, on Redis or Valkey and PostgreSQL."""
