"""A foreign key that is looked up, or whose parent is deleted, begins an index: else PostgreSQL reads the whole table for it."""

from lms.db import db
from lms.domain import tables

# Those that begin none, and why they need none. Members, courses, holders, transfers, entries, wallets, operations and versions of the rulebook are never deleted.
SHOWN = "only shown beside its row, which is found otherwise"
WITHOUT = {
    "application_decisions.by_id": SHOWN,
    "backtests.asked_by_id": SHOWN,
    "badges.course_id": SHOWN,
    "bank_files.by_id": SHOWN,
    "certificates.course_id": "asked for together with its holder",
    "coupons.course_id": "asked for together with its teacher",
    "deposits.deployment_id": "there is one in use; the rows are found by holder or as not credited",
    "deposits.entry_id": "asked for where it is empty, by an index of those",
    "grants.course_id": "asked for together with who paid or got it",
    "incidents.closed_by_id": SHOWN,
    "lots.matured_id": "asked for where it is empty, by an index of those",
    "lots.user_id": "asked for where something still matures, by an index of those",
    "orders.rule_version": SHOWN,
    "payout_decisions.by_id": "asked for together with the payouts",
    "payouts.rule_version": SHOWN,
    "rulebook_drafts.author_id": SHOWN,
    "rulebook_drafts.based_on": SHOWN,
    "rulebook_drafts.published_by_id": SHOWN,
    "rulebook_drafts.version": SHOWN,
    "solvency_leaves.user_id": "asked for together with the tree",
    "stakes.rule_version": SHOWN,
    "stakes.user_id": "asked for where something is left, by an index of those",
    "transfers.rule_version": SHOWN,
    "transfers.source_holder_id": "asked for where no entry covers it, by an index of those",
    "transfers.target_holder_id": "asked for where no entry covers it, by an index of those",
    "unstakings.rule_version": SHOWN,
    "withdrawal_approvals.admin_id": "asked for together with the withdrawals",
    "withdrawals.linked_wallet_id": SHOWN,
    "withdrawals.rule_version": SHOWN,
}


def test_every_foreign_key_begins_an_index_or_says_why_not():
    assert tables.__all__
    found = {f"{column.table.name}.{column.name}" for table in db.metadata.tables.values() for column in table.columns if column.foreign_keys and column.name not in _first(table)}
    assert found == WITHOUT.keys()


def _first(table):
    """Names of the columns that begin an index of all rows, or of all in which they are not empty."""
    keys = [list(key.columns)[:1] for key in (table.primary_key, *table.constraints) if key.__visit_name__ in ("primary_key_constraint", "unique_constraint")]
    keys += [list(index.expressions)[:1] for index in table.indexes if _has_all(index)]
    return {key[0].name for key in keys if key and hasattr(key[0], "name")}


def _has_all(index):
    where = index.dialect_options["postgresql"]["where"]
    return where is None or str(where) == f"{getattr(index.expressions[0], 'name', '')} IS NOT NULL"
