"""Certificates from the completed course to their batch."""

import hashlib
import json

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.certificates import actions, queries
from lms.domain.certificates.models import Certificate
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Operation
from lms.domain.wallet.models import Wallet
from lms.errors import DomainError
from tests.conftest import publish, take_part


@pytest.fixture
def certificate(ana, course):
    return made(take_part(ana, course))


def made(enrolment):
    with transaction():
        return actions.make(enrolment)


def queue():
    with transaction():
        return actions.queue()


def give_address(user, address="0x" + "aa" * 20):
    keys = dict(ciphertext=b"", wrapped_key=b"", kek_version=1, created_at=clock.now())
    with transaction():
        db.session.add(Wallet(holder_id=books.holder_of(user.id).id, address=address, **keys))


def test_a_course_that_is_not_completed_gives_none(ana, course):
    with pytest.raises(DomainError, match="not completed yet"):
        made(take_part(ana, course, lessons=3))
    assert queries.waiting() == 0


def test_it_says_member_course_and_when_and_its_digest_is_of_salt_and_that(certificate, ana):
    completed = db.session.scalar(text("SELECT to_char(completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM enrolments"))
    assert certificate.credential == {"member": "Ana", "course": "How chains work", "completed": f"{completed}+00:00"}
    says = json.dumps(certificate.credential, sort_keys=True, separators=(",", ":")).encode()
    assert len(certificate.salt) == 32
    assert certificate.digest == hashlib.sha256(certificate.salt + says).digest()


def test_names_and_titles_are_digested_as_utf_8():
    assert actions.digest(b"s", {"member": "Chloé", "a": 1}) == hashlib.sha256('s{"a":1,"member":"Chloé"}'.encode()).digest()


def test_the_same_course_gives_a_member_one(ana, course):
    enrolment = take_part(ana, course)
    first = made(enrolment)
    digest = bytes(first.digest)
    assert made(enrolment) is first
    assert (bytes(first.digest), queries.waiting()) == (digest, 1)


def test_each_has_a_salt_of_its_own(ana, bruno, course):
    first, second = (made(take_part(user, course)) for user in (ana, bruno))
    assert first.salt != second.salt


def test_one_whose_holder_has_no_address_waits(chain, certificate, ana, bruno, course):
    assert queue() is None
    give_address(ana)
    mine = made(take_part(bruno, course))
    operation = queue()
    assert (operation.kind, operation.payload) == ("certificates", {"entries": [["0x" + "aa" * 20, certificate.digest.hex()]]})
    assert (certificate.operation_id, certificate.address) == (operation.id, "0x" + "aa" * 20)
    assert (mine.operation_id, mine.address, queries.waiting()) == (None, None, 1)
    assert queue() is None


def test_before_the_contracts_stand_no_revocation_is_queued(certificate, ana, course):
    with transaction():
        actions.revoke(ana.id, course.id)
        assert actions.queue_revocation() is None


def test_a_suspended_member_gets_what_he_has_achieved(chain, certificate, ana):
    give_address(ana)
    with transaction():
        ana.suspended_at = clock.now()
    assert queue() is not None


def test_of_a_replaced_key_the_address_in_use_gets_it(chain, certificate, ana):
    give_address(ana, "0x" + "01" * 20)
    with transaction():
        db.session.query(Wallet).one().replaced_at = clock.now()
    give_address(ana)
    queue()
    assert certificate.address == "0x" + "aa" * 20


@pytest.fixture
def fifty_one(chain, ana, tea):
    give_address(ana)
    return [made(take_part(ana, publish(tea, f"Course {number}", price=0, lessons=1))) for number in range(51)]


def test_a_batch_takes_the_fifty_oldest_and_the_next_one_the_rest(fifty_one, statements):
    with statements() as seen:
        first = queue()
    assert [len(operation.payload["entries"]) for operation in (first, queue())] == [50, 1]
    assert [certificate.operation_id == first.id for certificate in fifty_one] == [True] * 50 + [False]
    assert len(seen) < 15
    with statements() as seen:
        assert [(certificate, name) for *_, certificate, name in queries.issued_by(first)] == [(certificate, "Ana") for certificate in fifty_one[:50]]
    assert len(seen) == 1


def test_two_workers_at_once_put_nothing_into_two_batches(app, fifty_one):
    with transaction():
        first = actions.queue()
        with app.app_context():  # which has a session of its own
            db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
            others = [certificate.id for certificate, _ in actions._waiting()]
    assert others == [fifty_one[50].id]
    assert queue().payload["entries"] == [["0x" + "aa" * 20, fifty_one[50].digest.hex()]]
    assert len(first.payload["entries"]) == 50


def test_what_a_dropped_batch_was_to_issue_goes_into_another(chain, certificate, ana):
    give_address(ana)
    first = queue()
    with transaction():
        actions.wait_again(first)
    db.session.refresh(certificate)
    assert (certificate.operation_id, certificate.address, queries.waiting()) == (None, None, 1)
    second = queue()
    assert (certificate.operation_id, second.payload) == (second.id, first.payload)
    assert second.key != first.key


def test_it_is_kept_together_with_its_operation_or_not_at_all(chain, certificate, ana):
    give_address(ana)
    with pytest.raises(RuntimeError), transaction():
        actions.queue()
        raise RuntimeError
    assert (db.session.query(Operation).count(), queries.waiting()) == (0, 1)


def test_an_operation_of_another_kind_issues_none(chain, statements):
    with transaction():
        operation = onchain.queue("root:1", "root", [], {"kind": "solvency"})
    assert operation.payload
    with statements() as seen:
        assert queries.issued_by(operation) == []
    assert seen == []


def test_what_the_chain_issued_of_rows_that_were_lost_is_the_holders_and_says_nothing(chain, ana):
    give_address(ana)
    with transaction():
        operation = onchain.queue("recovered", "certificates", [])
        actions.take_over(operation, [("0x" + "aa" * 20, 7)], [])
    row = db.session.query(Certificate).one()
    assert (row.holder_id, row.digest, row.operation_id) == (books.holder_of(ana.id).id, bytes(31) + b"\7", operation.id)
    assert (row.credential, row.salt, row.course_id) == (None, None, None)
    with transaction():
        actions.wait_again(operation)  # the chain has left its block behind, and somebody dropped it
    assert queue().payload == operation.payload
