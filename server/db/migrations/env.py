"""What Alembic runs: the migrations on the connection that `server.db.migrate` opened, in its transaction."""

from alembic import context

from server.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
