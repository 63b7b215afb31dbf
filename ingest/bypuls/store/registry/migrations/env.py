"""Run by Alembic for every command; takes the connection that `migrate` hands over, or opens one by URL."""

from alembic import context

from bypuls.store.book import tables as book_tables
from bypuls.store.registry.base import metadata
from bypuls.store.registry.database import database_url, open_engine, writing
from bypuls.store.registry.tables import ENTITIES

# Importing the tables is what fills the metadata.
assert ENTITIES
assert book_tables


def _run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = open_engine(database_url(context.config.get_main_option("sqlalchemy.url") or ""))
    try:
        with writing(engine).begin() as own:
            context.configure(connection=own, target_metadata=metadata, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


_run()
