"""Fixtures for every test."""

from hypothesis import HealthCheck, settings

from tests.servers import (
    database_url,
    empty_database_url,
    engine,
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
    "engine",
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
search = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("search", search)
# The same examples in every run: a change is judged by itself. `pytest --hypothesis-profile=search` looks for new ones.
settings.register_profile("tests", search, derandomize=True)
settings.load_profile("tests")
