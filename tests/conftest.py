"""Fixtures for every test."""

from tests.servers import (
    database_url,
    empty_database_url,
    key_prefix,
    migrated_template,
    postgres,
    redis_url,
    seeded_database_url,
    seeded_template,
    servers_folder,
    valkey,
)

__all__ = [
    "database_url",
    "empty_database_url",
    "key_prefix",
    "migrated_template",
    "postgres",
    "redis_url",
    "seeded_database_url",
    "seeded_template",
    "servers_folder",
    "valkey",
]
