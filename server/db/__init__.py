"""PostgreSQL: the catalogue's tables, their migrations, the adapter that reads them, and the demo data."""
