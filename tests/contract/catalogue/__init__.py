"""The contract of the catalogue, over its adapter on PostgreSQL."""
