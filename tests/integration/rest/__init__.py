"""The REST surface over a real Valkey and a real PostgreSQL."""
