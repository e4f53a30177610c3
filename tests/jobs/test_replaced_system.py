"""What the system this replaces got wrong with the chain, each done again; the others are in tests/test_replaced_system.py."""

from lms.db import db
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.onchain.models import Operation
from lms.domain.wallet import custody
from lms.domain.wallet import queries as wallets
from lms.jobs import chain, deposits, node, settlement
from lms.jobs.wallets import owner
from tests import rows
from tests.conftest import address_of, teo
from tests.jobs.acts import GREEN, OUTSIDE, ask, credit, holdings, wallets_made


def test_a_deposit_credited_to_two_users(rich, bruno, holding, pay_in, audit):
    """Bruno says that the sender's address is his own, and it is looked at twice."""
    address_of(bruno).address = holding.address
    db.session.commit()
    pay_in(rich, teo(5))
    for _ in range(2):
        deposits.scan()
    assert (wallets.balance(rich.id).available, wallets.balance(bruno.id).total) == (teo(35), 0)
    assert db.session.query(Transfer).filter_by(reason="deposit").count() == 1
    assert audit() == GREEN


def test_a_deposit_from_a_transaction_that_burned_nothing(rich, holding, anvil, audit):
    """Coins of the chain, and an empty transfer of tokens: neither is TEO."""
    to = wallets.wallet_of(rich.id).address
    anvil.call("anvil_impersonateAccount", holding.address)
    nothing = node.token()._data("transfer", to, 0)
    for facts in ({"to": to, "value": hex(10**18)}, {"to": node.token().address, "data": "0x" + nothing.hex()}):
        anvil.call("eth_sendTransaction", {"from": holding.address} | facts)
    anvil.call("anvil_mine", "0x3")
    deposits.scan()
    assert wallets.balance(rich.id).available == teo(30)
    assert (db.session.query(Transfer).filter_by(reason="deposit").count(), audit()) == (0, GREEN)


def test_private_keys_in_plain_text(rich, bruno):
    """No column of any table holds one, in whatever spelling; the key that signs opens what is sealed."""
    from lms.chain import custodial_keys

    wallets_made()
    kept = repr(rows.everything())
    for member in (rich, bruno):
        holder, address = books.holder_of(member.id), wallets.wallet_of(member.id).address
        secret = custodial_keys.open_key(custody.sealed_keys([address])[address], owner(holder.id), node.keks()).reveal()
        assert len(secret) == 32
        assert not [spelled for spelled in (secret.hex(), repr(secret)[2:-1], str(int.from_bytes(secret))) if spelled in kept]


def test_the_nonce_taken_from_the_node_so_parallel_withdrawals_collided(rich, bruno, flow, blocks_wait, anvil, audit):
    """Both are signed and sent before a block comes, so that the node names the same nonce for either."""
    credit(bruno, teo(30), "gift of bruno")
    wallets_made()
    flow()
    asked = [ask(member, 10, key=f"w{member.id}") for member in (rich, bruno)]
    blocks_wait()
    settlement.settle()
    operations = db.session.query(Operation).filter_by(kind="release").all()
    for operation in operations:
        chain.submit(operation.id)
    nonces = [attempt.nonce for operation in operations for attempt in operation.attempts]
    assert len(nonces) == len(set(nonces)) == 2
    anvil.call("evm_setAutomine", True)
    flow()
    db.session.expire_all()
    assert [withdrawal.state for withdrawal in asked] == ["sent", "sent"]
    assert (holdings(OUTSIDE), audit()) == (teo(20), GREEN)


def test_the_app_would_not_start_when_the_rpc_was_down(bought, worker_environ):
    """The worker starts, keeps what is to go to the chain, and does not say that it is there."""
    from lms import create_app

    with create_app("worker", worker_environ | {"RPC_URLS": "http://127.0.0.1:9"}).app_context():
        wallets_made()
        settlement.settle()
        deposits.scan()
        assert wallets.movements(bought.buyer_id)[0].state in ("waiting", "queued")
