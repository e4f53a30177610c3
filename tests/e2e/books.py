"""What the people of a story did to each account, asked of the database and of the chain themselves: no page is asked what it is checked by."""

from decimal import Decimal

import psycopg
import requests
from dotenv import dotenv_values

from lms.domain.ledger.balance_parts import EUR, MEMBER_ACCOUNTS, PLATFORM_ACCOUNTS, TEO

PATIENCE = 60  # seconds
UNITS = {EUR: (100, 2), TEO: (1_000_000, 6)}
BALANCE_OF = "0x70a08231"

# Other members may use the site meanwhile: of the platform's accounts only what came by these people counts.
_CHANGES = """
WITH story AS (
    SELECT t.* FROM transfers t JOIN accounts s ON s.id = t.source_id JOIN accounts d ON d.id = t.target_id
    WHERE s.user_id = ANY(%(people)s) OR d.user_id = ANY(%(people)s) OR (t.evidence->>'member')::bigint = ANY(%(people)s)
       OR substring(t.key from '^order:([0-9]+):')::bigint IN (SELECT id FROM orders WHERE buyer_id = ANY(%(people)s) OR teacher_id = ANY(%(people)s))
       OR substring(t.key from '^withdrawal:([0-9]+):')::bigint IN (SELECT id FROM withdrawals WHERE user_id = ANY(%(people)s))
), legs AS (SELECT target_id AS id, amount FROM story UNION ALL SELECT source_id, -amount FROM story)
SELECT a.user_id, a.asset, a.name, sum(legs.amount)::bigint FROM legs JOIN accounts a USING (id) GROUP BY 1, 2, 3"""


class Books:
    """The ledger and the chain of the site with this environment file."""

    def __init__(self, environment):
        self.settings = dotenv_values(environment)

    def balances(self, people):
        """{"student TEO available": Decimal, …} of these {name: e-mail address} and of the platform, every account of each."""
        with psycopg.connect(self.settings["DATABASE_URL"].replace("+psycopg", "")) as connection:
            names = {user_id: name for name, email in people.items() for (user_id,) in connection.execute("SELECT id FROM users WHERE email = %s", [email])}
            found = connection.execute(_CHANGES, {"people": list(names)}).fetchall()
        names[None] = "platform"
        return dict.fromkeys(_accounts(people), Decimal(0)) | {f"{names[user_id]} {asset} {name}": Decimal(amount) / UNITS[asset][0] for user_id, asset, name, amount in found}

    def treasury(self):
        """TEO that the platform's treasury has in all."""
        return self._one("SELECT balance FROM accounts WHERE user_id IS NULL AND asset = 'TEO' AND name = 'treasury'") / Decimal(UNITS[TEO][0])

    def on_chain(self, address):
        """TEO that stand at an address, as the node says."""
        call = {"to": self._one("SELECT address FROM contracts WHERE name = 'TeoCoin'"), "data": BALANCE_OF + address[2:].lower().rjust(64, "0")}
        question = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
        answer = requests.post(self.settings["RPC_URLS"].split(",")[0], json=question, timeout=PATIENCE)
        return Decimal(int(answer.json()["result"], 16)) / UNITS[TEO][0]

    def ask(self, statement, *values):
        """The first row of what the database answers, as who has its password may ask it."""
        with psycopg.connect(self.settings["DATABASE_URL"].replace("+psycopg", "")) as connection:
            return connection.execute(statement, values).fetchone()

    def _one(self, statement):
        return self.ask(statement)[0]


def lines(balances):
    """One line for each person and asset, all parts of it by name."""
    shown = {}
    for account, amount in balances.items():
        who, asset, name = account.split(" ", 2)
        shown.setdefault(f"{who:9} {asset}", []).append(f"{name} {amount:.{UNITS[asset][1]}f}")
    return [f"{whose}  {', '.join(parts)}" for whose, parts in shown.items()]


def _accounts(people):
    members = [f"{who} {asset} {name}" for who in people for asset, names in MEMBER_ACCOUNTS.items() for name in names]
    return members + [f"platform {asset} {name}" for asset, names in PLATFORM_ACCOUNTS.items() for name in names]
