"""Alembic's entry: the connection comes from `mesh.database.migrate`."""

from mesh.database import run_migrations

run_migrations()
