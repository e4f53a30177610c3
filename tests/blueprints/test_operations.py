"""The page of one operation on the chain."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lms import clock, live
from lms.db import db, transaction
from lms.domain.certificates import actions as certificates
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries, signer_lanes
from lms.domain.onchain.models import FEES_TOO_HIGH, Entry
from tests.blueprints.test_wallet import give_address, reward, settle, words
from tests.conftest import take_part


def both(ana, bruno):
    reward(ana, 1.6)
    reward(bruno, 2.5, key="b")
    give_address(ana)
    give_address(bruno, "0x81C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f")


def test_a_member_sees_his_own_entry_only(ana, bruno, log_in, chain):
    both(ana, bruno)
    operation = settle("mined")
    page = words(log_in(ana).get(f"/operations/{operation.id}").text)
    assert "Your entry Issued at your address +1.60 TEO" in page
    assert "2.50" not in page


def test_it_tells_hash_block_gas_and_fee(ana, log_in, chain):
    reward(ana, 1.6)
    give_address(ana)
    operation = settle("final")
    page = log_in(ana).get(f"/operations/{operation.id}").text
    assert "0x" + "5e" * 32 in page
    assert "48\u202f201" in page
    assert "125\u202f034" in page
    assert "0.00375102 ETH" in page


def test_before_it_is_sent_it_says_what_is_not_known(ana, log_in, chain):
    reward(ana, 1.6)
    give_address(ana)
    page = words(log_in(ana).get(f"/operations/{settle().id}").text)
    assert "Transaction not sent yet" in page
    assert "Gas known when on chain" in page


def test_an_admin_sees_all_entries_with_their_members(ana, bruno, ada, log_in, chain):
    both(ana, bruno)
    page = words(log_in(ada).get(f"/operations/{settle().id}").text)
    assert "Issued Ana +1.60 TEO" in page
    assert "Issued Bruno +2.50 TEO" in page


def test_somebody_elses_operation_is_not_there(ana, bruno, log_in, chain):
    reward(ana, 1.6)
    give_address(ana)
    assert log_in(bruno).get(f"/operations/{settle().id}").status_code == 404


def test_an_unknown_operation_is_not_there(ana, ada, log_in):
    assert log_in(ana).get("/operations/99").status_code == 404
    assert log_in(ana).get("/operations/99999999999999").status_code == 404
    assert log_in(ana).get("/operations/-1").status_code == 404


def test_an_unknown_operation_is_not_there_for_an_admin(ada, log_in):
    assert log_in(ada).get("/operations/99").status_code == 404


def signed(ana, *tips):
    """A settlement for Ana, signed with these tips in gwei, one after the other."""
    with transaction():
        entry = Entry(holder_id=books.holder_of(ana.id).id, address="0x" + "aa" * 20, kind="mint", amount=1)
        operation = onchain.queue("settle:1", "settle", [entry])
        ((_, nonce),) = signer_lanes.take_nonces([operation], "0x" + "cd" * 20, 0)
        for tip in tips:
            facts = dict(signer="0x" + "cd" * 20, nonce=nonce, raw=b"", tx_hash=f"0x{tip:064x}", gas=1, tip=tip * 10**9, cap=90 * 10**9)
            onchain.mark_signed(operation, SimpleNamespace(**facts))
    return operation


def test_an_admin_sees_each_attempt_with_its_fees_and_a_member_does_not(ana, ada, log_in, chain):
    operation = signed(ana, 30, 34)
    page = words(log_in(ada).get(f"/operations/{operation.id}").text)
    assert re.search("Queued .*Signed nonce 0, tip 30, at most 90 gwei .*Signed again, for more nonce 0, tip 34, at most 90 gwei", page)
    assert "gwei" not in log_in(ana).get(f"/operations/{operation.id}").text


def test_a_root_has_no_entries_and_says_what_it_is(ada, log_in, chain):
    with transaction():
        operation = onchain.queue("root:1", "root", [])
    page = log_in(ada).get(f"/operations/{operation.id}").text
    assert "Published root" in page and "Root and total of the day" in page and "Entries" not in page


@pytest.fixture
def batch(ana, course, chain):
    """A batch with Ana's certificate, and one of which the database knows nothing."""
    give_address(ana)
    with transaction():
        certificate = certificates.make(take_part(ana, course))
    with transaction():
        operation = certificates.queue()
        operation.payload = {"entries": [*operation.payload["entries"], ["0x" + "cc" * 20, "07" * 32]]}
    return operation, certificate


def test_an_admin_sees_what_a_batch_issues_to_whom(batch, ada, log_in):
    operation, certificate = batch
    shown = log_in(ada).get(f"/operations/{operation.id}").text
    page = words(shown)
    assert "Batch of certificates" in page and "Each certificate goes to its member" in page
    assert re.search("How chains work Ana .*What it says is lost nobody we know", page)
    assert certificate.digest.hex() in shown and "07" * 32 in shown
    (pushed,) = live.shown(ada.id, [f"operation:{operation.id}"]).values()
    assert certificate.digest.hex() in pushed and "How chains work" in pushed
    assert "Batch of certificates 2 –" in words(log_in(ada).get("/admin/operations").text)


def test_an_admin_sees_whose_certificate_was_revoked(batch, ana, course, ada, log_in):
    operation, certificate = batch
    with transaction():
        operation.state = "final"
        certificates.revoke(ana.id, course.id)
        revocation = certificates.queue_revocation()
    shown = log_in(ada).get(f"/operations/{revocation.id}").text
    page = words(shown)
    assert "Certificate revoked" in page and "reads that it is not valid" in page and certificate.digest.hex() in shown
    assert "How chains work" in page and "Ana" in page


def test_of_one_that_was_lost_with_its_rows_the_holder_is_known(batch, ada, log_in):
    operation, certificate = batch
    with transaction():
        certificate.credential = certificate.salt = certificate.course_id = None
    assert "What it says is lost Ana" in words(log_in(ada).get(f"/operations/{operation.id}").text)


def test_a_batch_is_no_members_page_yet(batch, ana, log_in):
    operation, _ = batch
    assert log_in(ana).get(f"/operations/{operation.id}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("settle", "The chain refused it. Nothing is lost: what it should have brought is counted in the ledger."),
        ("certificates", "It was dropped, and issued nothing. Nothing is lost: its certificates come with another batch."),
        ("revocation", "It was dropped, and revoked nothing. Another operation does it."),
        ("root", "It published nothing: it was dropped, or the chain has a root of that day already."),
    ],
)
def test_a_failure_says_what_it_means_for_those_it_was_for(kind, said, ada, log_in, chain):
    with transaction():
        operation = onchain.queue(f"{kind}:1", kind, [])
        onchain.mark_failed(operation, "dropped by an operator")
    page = words(log_in(ada).get(f"/operations/{operation.id}").text)
    assert said in page
    assert ("counted in the ledger" in page) is (kind == "settle")


def test_an_admin_reads_all_that_befell_an_operation_in_the_order_of_time(ana, ada, log_in, chain):
    operation = signed(ana, 30)
    db.session.refresh(operation)
    receipt = SimpleNamespace(tx_hash="0x5e", block_number=48201, block_hash="0xaa", gas_used=1, effective_gas_price=1)
    steps = (
        lambda: onchain.mark_sent(operation, "0x5e"),
        lambda: onchain.note(operation, "every endpoint is silent"),
        lambda: onchain.note(operation, None),
        lambda: onchain.note(operation, "every endpoint is silent"),
        lambda: onchain.mark_mined(operation, receipt),
        lambda: onchain.mark_vanished(operation),
        lambda: onchain.requeue(operation, operation.attempts[-1].nonce, "its nonce went to a foreign transaction"),
        lambda: onchain.drop(operation),
        lambda: onchain.mark_failed(operation, "dropped by an operator"),
    )
    for step in steps:
        clock.advance(timedelta(minutes=1))
        with transaction():
            step()
    page = words(log_in(ada).get(f"/operations/{operation.id}").text).partition("History")[2]
    told = ("Queued", "Signed", "Sent", "Waits every endpoint is silent", "Sent again the chain has left block 48201 behind",
            "Queued again its nonce went to a foreign transaction", "Dropped by an operator", "Failed for good dropped by an operator")  # fmt: skip
    assert re.search(".*".join(told), page), page
    assert page.count("every endpoint is silent") == 1
    assert "History" not in log_in(ana).get(f"/operations/{operation.id}").text


def test_reasons_that_differ_each_time_do_not_fill_the_history(ana, chain):
    with transaction():
        operation = onchain.queue("settle:1", "settle", [])
        for number in range(onchain.MOST_REASONS + 10):
            onchain.note(operation, f"it is at block {number}")
    assert len(queries.history(operation)) == 1 + onchain.MOST_REASONS
    assert operation.error == f"it is at block {onchain.MOST_REASONS + 9}"


def test_a_release_that_waits_for_lower_fees_says_so_to_its_member(ana, log_in, chain):
    give_address(ana)
    with transaction():
        entry = Entry(holder_id=books.holder_of(ana.id).id, address="0x" + "aa" * 20, kind="release", amount=1)
        operation = onchain.queue("withdrawal:1", "release", [entry])
        onchain.note(operation, f"{FEES_TOO_HIGH}: 5000 gwei is the most we pay")
    page = words(log_in(ana).get(f"/operations/{operation.id}").text)
    assert "fees are above what we pay at most; your withdrawal waits and will go out when they fall." in page and "5000" not in page
    with transaction():
        onchain.note(operation, None)
    assert "above what we pay" not in log_in(ana).get(f"/operations/{operation.id}").text
