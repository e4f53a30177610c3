"""Rows of the database deleted, taken aside, and put back: much faster than to do again what made them."""

from sqlalchemy import select, text

from lms.db import db


def empty():
    """Delete all rows and count ids from 1 again. For tables as small as these a hundred times faster than TRUNCATE."""
    tables, sequences = db.metadata.sorted_tables, db.session.scalars(text("SELECT sequencename FROM pg_sequences"))
    db.session.execute(text("SET LOCAL session_replication_role = replica"))  # no foreign key is looked up
    db.session.execute(text("; ".join(f"DELETE FROM {table.name}" for table in tables)))
    db.session.execute(text("SELECT " + ", ".join(f"setval('{name}', 1, false)" for name in sequences)))
    db.session.commit()


def everything():
    """{table: its rows}, without what the database reckons itself."""
    found = {table: [dict(row) for row in db.session.execute(_written(table)).mappings()] for table in db.metadata.sorted_tables}
    db.session.rollback()
    return found


def put(rows):
    """Rows as `everything` gave them; ids go on behind them."""
    for table, found in rows.items():
        if not found:
            continue
        db.session.execute(table.insert(), found)
        if sequence := _sequence(table):
            db.session.execute(text(f"SELECT setval('{sequence}', (SELECT max(id) FROM {table.name}))"))
    db.session.commit()


def _written(table):
    return select(*(column for column in table.columns if column.computed is None))


def _sequence(table):
    return db.session.scalar(text(f"SELECT pg_get_serial_sequence('{table.name}', 'id')")) if "id" in table.columns else None
