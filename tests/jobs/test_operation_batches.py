"""Operations side by side: written in one transaction, and none keeps another back."""

import pytest

from lms.db import db
from lms.domain.audit.models import Incident
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Attempt, Nonce, Operation
from lms.errors import DomainError
from lms.jobs import chain, lanes, node, operation_batches
from tests.jobs.test_lanes import credit_in_batch


@pytest.fixture
def three(worker, member):
    """Ids of three queued settlements."""
    for name in ("una", "due", "tre"):
        credit_in_batch(member(name))
    return [operation.id for operation in db.session.query(Operation).order_by(Operation.id)]


def states():
    db.session.expire_all()
    return [operation.state for operation in db.session.query(Operation).order_by(Operation.id)]


def test_all_are_saved_before_the_first_is_sent(three, monkeypatch):
    def killed(*_):
        raise SystemExit("killed")

    monkeypatch.setattr(lanes.transactions, "broadcast", killed)
    with pytest.raises(SystemExit):
        chain.take_queued(lanes.Lane(node.pool(), node.signers()[0]))
    db.session.rollback()
    assert states() == ["signed"] * 3
    nonces = [attempt.nonce for attempt in db.session.query(Attempt).order_by(Attempt.operation_id)]
    assert nonces == [nonces[0], nonces[0] + 1, nonces[0] + 2]
    assert {(row.operation_id, row.nonce) for row in db.session.query(Nonce)} == set(zip(three, nonces, strict=True))


def test_no_more_are_signed_than_the_lane_has_room_for(three):
    address = node.addresses()[0]
    signer_lanes.adopt(address, node.pool().mined_nonce(address) + signer_lanes.MOST_PENDING - 2)
    db.session.commit()
    assert chain.take_queued(lanes.Lane(node.pool(), node.signers()[0])) == 2
    assert states() == ["sent", "sent", "queued"]


def test_a_signature_that_fails_takes_no_nonce_and_is_told_of_each(three, monkeypatch):
    sign = lanes.transactions.sign
    left = [1]

    def once(*call):
        if not left:
            raise lanes.ChainError("the key service is silent")
        left.pop()
        return sign(*call)

    monkeypatch.setattr(lanes.transactions, "sign", once)
    assert chain.take_queued(lanes.Lane(node.pool(), node.signers()[0])) == 0
    assert (states(), db.session.query(Nonce).count(), db.session.query(Attempt).count()) == (["queued"] * 3, 0, 0)
    assert [operation.error for operation in db.session.query(Operation)] == ["the key service is silent"] * 3


def test_a_halted_lane_is_told_of_each_that_waits_for_it(three):
    address = node.addresses()[0]
    signer_lanes.halt(address, "An operator has to look.")
    db.session.commit()
    chain.take_queued(lanes.Lane(node.pool(), node.signers()[0]))
    assert {operation.error for operation in db.session.query(Operation)} == {"An operator has to look."}
    assert db.session.query(Incident).filter_by(kind="lane halted", subject=address).count() == 1


def test_one_whose_change_is_refused_keeps_no_other_back(three):
    def refuse(operation):
        raise DomainError("The ledger says no.")

    changes = {three[0]: onchain.drop, three[1]: refuse, three[2]: onchain.drop}
    operation_batches.write(changes)
    rows = db.session.query(Operation).order_by(Operation.id).populate_existing()
    assert [(row.is_void, row.error) for row in rows] == [(True, None), (False, "The ledger says no."), (True, None)]


def test_one_that_cannot_be_looked_at_says_why_and_the_others_are_looked_at(three):
    def look(operation):
        if operation.id == three[1]:
            raise LookupError("nobody thought of it")
        return operation.op

    operations = db.session.query(Operation).order_by(Operation.id).all()
    assert operation_batches.each(operations, look) == {three[0]: operations[0].op, three[2]: operations[2].op}
    assert db.session.get(Operation, three[1]).error == "a fault of ours: LookupError"
