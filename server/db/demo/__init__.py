"""Invented cinemas, halls, films and a programme, to try the server on; entered by `server.db.seed`."""
