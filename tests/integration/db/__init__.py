"""Tests of migrations, constraints, connections and the demo data on a real PostgreSQL."""
