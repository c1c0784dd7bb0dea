"""HTTP: the REST surface under `/api/v1`, health, and the pages."""
