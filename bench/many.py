"""The rows that tests make, many times over: as many as a large school has, all that the constraints allow.

Each copy has its own ids and unique words, belongs to the copies of those that it belonged to, and is somewhat older.
What waits or is under way is so in the first copies alone, as in a school where people do their work."""

import math

from sqlalchemy import Date, DateTime, Integer, LargeBinary, String, func, select, text

from lms.db import db

ROWS = 100_000
STRIDE = 1000  # between the ids of two copies; more rows than the pattern has in a table
UNFINISHED = 40  # copies that are as the pattern is
PARENTS = 30_000  # copies at most for the sake of children of which each parent has one

# What there are only few of, however many people come.
FIXED = {
    *("rulebook_versions", "rulebook_drafts", "backtests", "deployments", "contracts", "creations", "signers", "chain_state"),
    *("paper_series", "snapshots", "switches", "solvency_trees", "solvency_levels"),
}
_HEX = {"address", "to", "tx_hash", "block_hash"}
_ADDRESS = "'0x' || left(md5({0} || n) || md5(n || {0}), length({0}) - 2)"

# {table: {column: what it is in each copy}}: most people share no device, and a house has the network of its own
_OWN = {
    "sightings": {"device": "device || int4send(n)", "network": "'10.' || n / 65536 || '.' || n / 256 % 256 || '.' || n % 256 || '/32'"},
    "audit_log": {"by_id": "by_id"},
}

# {table: {column: what it is in a copy of which the work is done}}
_DONE = {
    "applications": {"state": "'approved'", "ended_at": "sent_at"},
    "courses": {"state": "CASE state WHEN 'submitted' THEN 'returned' ELSE state END"},
    "disputes": {"state": "'won'", "closed_at": "opened_at"},
    "entries": {"is_open": "false"},
    "grants": {"taken_back_at": "CASE WHEN transfer_id IS NULL THEN matures_at END"},
    "incidents": {"closed_at": "opened_at"},
    "lots": {"amount": "CASE WHEN matured_id IS NULL THEN 0 ELSE amount END"},
    "mails": {"sent_at": "written_at"},
    "notices": {"read_at": "at", "delivered_at": "at"},
    "operations": {"kind": "(ARRAY['settle', 'release', 'move'])[1 + n % 3]", "state": "'final'", "final_at": "queued_at"},
    "orders": {"state": "CASE WHEN state = 'open' THEN 'expired' WHEN decided_at IS NULL THEN 'refunded' ELSE state END", "kept_at": "matures_at"},
    "payments": {"state": "CASE state WHEN 'held' THEN 'returned' ELSE state END"},
    "payouts": {"state": "'cancelled'", "ended_at": "requested_at", "bank_reference": "NULL"},
    "peer_reviews": {"closed_at": "CASE WHEN given_at IS NULL THEN due_at END"},
    "quiz_attempts": {"closed_at": "coalesce(closed_at, began_at)", '"right"': 'coalesce("right", 0)', "has_passed": "coalesce(has_passed, false)"},
    "refunds": {"state": "'done'", "done_at": "asked_at", "reference": "'re ' || id"},
    "refunds_by_hand": {"state": "'settled'"},
    "stakes": {"left_over": "0"},
    "submissions": {"state": "CASE state WHEN 'in review' THEN 'withdrawn' ELSE state END", "decided_at": "coalesce(decided_at, handed_in_at)"},
    "transfers": {
        "source_entry_id": "CASE WHEN source_holder_id IS NOT NULL THEN coalesce(source_entry_id, (SELECT min(id) FROM entries) + n % {entries} * {stride}) END",
        "target_entry_id": "CASE WHEN target_holder_id IS NOT NULL THEN coalesce(target_entry_id, (SELECT min(id) FROM entries) + n % {entries} * {stride}) END",
    },
    "certificates": {"operation_id": "(SELECT min(id) FROM operations) + n % {operations} * {stride}", "address": "'0x' || repeat('ab', 20)"},
    "deposits": {"entry_id": "coalesce(entry_id, (SELECT min(id) FROM entries) + n % {entries} * {stride})"},
    "unstakings": {"released_at": "releases_at"},
    "users": {"role": "CASE role WHEN 'admin' THEN 'student' ELSE role END"},
    "withdrawals": {"state": "'sent'", "decided_at": "coalesce(decided_at, requested_at)"},
}


def multiply():
    """Copy all rows of the database that are no platform's own, and tell the planner: {table: its rows}."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))  # each foreign key is right as it is made
    times = _times()
    for table in times:
        db.session.connection().exec_driver_sql(_statement(table, times), execution_options={"no_parameters": True})
    _go_on_behind()
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return {table.name: _count(table) for table in db.metadata.sorted_tables}


def _count(table):
    return db.session.scalar(select(func.count()).select_from(table))


def _times():
    """{table: how many copies}, parents first: enough for ROWS; a child that each parent has once needs as many parents."""
    tables = [table for table in db.metadata.sorted_tables if table.name not in FIXED and _count(table)]
    times = {table: math.ceil(ROWS / _count(table)) for table in tables}
    for table in reversed(tables):
        for parent in _bound(table):
            times[parent] = max(times[parent], min(times[table], PARENTS))
    for table in tables:
        times[table] = min([times[table], *(times[parent] for parent in _bound(table))])
    return times


def _bound(table):
    """The copied tables whose copies alone make those of this one unique."""
    return {_parent(column) for columns in _uniques(table) if (column := _told_apart_by(columns)) is not None and _parent(column) is not None}


def _uniques(table):
    keys = [list(table.primary_key.columns)]
    keys += [list(each.columns) for each in table.constraints if type(each).__name__ == "UniqueConstraint"]
    return keys + [list(index.columns) for index in table.indexes if index.unique]


def _told_apart_by(columns):
    """The column of a unique key that differs from copy to copy; None where another expression does."""
    of_its_own = [column for column in columns if not column.foreign_keys and column.name not in ("kind", "gateway")]
    copied = [column for column in columns if _parent(column) is not None]
    for column in copied or of_its_own:
        return column
    return None


def _parent(column):
    """The copied table that a foreign key leads to."""
    for key in column.foreign_keys:
        if key.column.table.name not in FIXED:
            return key.column.table
    return None


def _statement(table, times):
    """The copies of one table's rows."""
    own = [column for column in table.columns if column.computed is None]
    unique = {_told_apart_by(columns).name for columns in _uniques(table) if _told_apart_by(columns) is not None}
    values = ", ".join(_value(table, column, column.name in unique, times) for column in own)
    names = ", ".join(f'"{column.name}"' for column in own)
    which = "r.user_id IS NOT NULL" if table.name in ("accounts", "holders") else "true"
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name} r, generate_series(1, {times[table] - 1}) n WHERE {which}"


def _value(table, column, is_unique, times):
    """What the column holds in copy n of a row r."""
    if own := _OWN.get(table.name, {}).get(column.name):
        return own
    usual = _copied(column, f'r."{column.name}"', is_unique, times)
    done = _DONE.get(table.name, {})
    finished = done.get(column.name, done.get(f'"{column.name}"'))
    if finished is None:
        return usual
    finished = finished.format(stride=STRIDE, **{parent.name: number for parent, number in times.items()})
    return f"CASE WHEN n <= {UNFINISHED} THEN {usual} ELSE {_shifted(column, finished)} END"


def _copied(column, value, is_unique, times):
    if (parent := _parent(column)) is not None:
        return _of_parent(parent, value, times)
    if column.name in _HEX:
        return f"CASE WHEN {value} LIKE '0x%' THEN {_ADDRESS.format(value)} ELSE {value} END"
    if is_unique and isinstance(column.type, LargeBinary):
        return f"{value} || int4send(n)"
    if is_unique and isinstance(column.type, String):
        return f"{value} || '-' || n"
    if (is_unique and isinstance(column.type, Integer)) or column.name == "id":
        return f"{value} + n * {STRIDE}"
    return _shifted(column, value)


def _of_parent(parent, value, times):
    """The copy of the row that it leads to; what is the platform's own is one for all."""
    if parent not in times:
        return value
    copy = f"{value} + n % {times[parent]} * {STRIDE}"
    if parent.name in ("accounts", "holders"):
        return f"CASE WHEN {value} IN (SELECT id FROM {parent.name} WHERE user_id IS NULL) THEN {value} ELSE {copy} END"
    return copy


def _shifted(column, value):
    if isinstance(column.type, DateTime):
        return f"{value} - n % 365 * interval '1 day'"
    if isinstance(column.type, Date):
        return f"({value}) - n % 365"
    return value


def _go_on_behind():
    """Ids that are given from now on come after all copies."""
    for table in db.metadata.sorted_tables:
        if "id" in table.columns and (sequence := db.session.scalar(text(f"SELECT pg_get_serial_sequence('{table.name}', 'id')"))):
            db.session.execute(text(f"SELECT setval('{sequence}', (SELECT coalesce(max(id), 1) FROM {table.name}))"))
