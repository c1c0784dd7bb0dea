"""Fixtures for every test."""

from hypothesis import HealthCheck, settings

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

# How long an example takes says more about the machine than about the code.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("tests")
