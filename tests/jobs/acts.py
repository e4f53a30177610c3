"""What members, strangers and jobs do in the tests of this folder, and what is to be seen afterwards."""

from sqlalchemy import text

from lms.chain import node as reader
from lms.chain import transactions
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.wallet import holders
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import releases
from lms.jobs import chain, node, stuck_transactions, wallets
from tests.conftest import teo
from tests.receipts import mined

GREEN = "differences 0, supply = ledger"
OUTSIDE = "0x00000000000000000000000000000000000A11cE"


def credit(user, amount, key):
    with transaction():
        ledger.post(key, books.platform("TEO", "issuance"), books.member(user.id, "TEO", "available"), amount, "lesson", evidence={"by": "test"})


def wallets_made():
    for holder_id in holders.without_address():
        wallets.make(holder_id)


def ask(user, amount, key="w1", to=OUTSIDE):
    with transaction():
        return releases.release(key, user, to, teo(amount))


def pay(stranger, user, amount):
    """He sends TEO to the member's address."""
    pool, token = node.pool(), node.token()
    data = token._data("transfer", wallet.wallet_of(user.id).address, amount)
    nonce = pool.mined_nonce(stranger.address)
    signed = transactions.sign(stranger, pool.chain_id, token.address, data, nonce, transactions.fees(pool), 100_000)
    mined(pool, signed)


def holdings(address):
    return reader.holdings(node.pool(), node.token().address, [address]).balances[address]


def parts(user):
    found = wallet.balance(user.id)
    return found.available, found.reserved


def bring_and_lose_the_attempt(operation):
    """As after a restored database: the chain has done it, and our rows know of no attempt."""
    chain.submit(operation.id)
    with transaction():
        for table in ("attempts", "nonces"):
            db.session.execute(text(f"DELETE FROM {table}"))
        db.session.execute(text("UPDATE operations SET state = 'queued', tx_hash = NULL"))
    db.session.expire_all()
    stuck_transactions.sweep()
