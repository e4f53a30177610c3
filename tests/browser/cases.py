"""Withdrawals that wait for an admin, as rows: nothing is reserved for them."""


def wait(ask, member_id, count, flag, approvals_needed):
    """The ids of so many that wait."""
    return [
        ask(
            """INSERT INTO withdrawals (key, user_id, "to", amount, is_prompt, state, flags, risks, risk, recent, approvals_needed, rule_version, requested_at)
               VALUES ('waits ' || random()::text, %s, '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 20000000, false, 'in review', %s, '[]', 0, 20000000, %s, 1, now()) RETURNING id""",
            member_id,
            f'["{flag}"]',
            approvals_needed,
        )[0][0]
        for _ in range(count)
    ]


def forget(ask, ids):
    """Them, and what was done with them."""
    for table, column in (("withdrawal_approvals", "withdrawal_id"), ("simulations", "withdrawal_id"), ("withdrawals", "id")):
        ask(f"DELETE FROM {table} WHERE {column} = ANY(%s) RETURNING {column}", ids)
