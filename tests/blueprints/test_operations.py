"""The page of one operation on the chain."""

from types import SimpleNamespace

from lms.db import transaction
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Entry
from tests.blueprints.test_wallet import give_address, reward, settle, words


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


def test_an_admin_sees_each_attempt_with_its_fees_and_a_member_does_not(ana, ada, log_in, chain):
    with transaction():
        entry = Entry(holder_id=books.holder_of(ana.id).id, address="0x" + "aa" * 20, kind="mint", amount=1)
        operation = onchain.queue("settle:1", "settle", [entry])
        nonce = onchain.take_nonce(operation, "0x" + "cd" * 20, 0)
        for tip in (30, 34):
            facts = dict(signer="0x" + "cd" * 20, nonce=nonce, raw=b"", tx_hash=f"0x{tip:064x}", gas=1, tip=tip * 10**9, cap=90 * 10**9)
            onchain.mark_signed(operation, SimpleNamespace(**facts))
    page = log_in(ada).get(f"/operations/{operation.id}").text
    assert "tip 30, at most 90 gwei" in page and "tip 34, at most 90 gwei" in page
    assert "gwei" not in log_in(ana).get(f"/operations/{operation.id}").text


def test_a_root_has_no_entries_and_says_what_it_is(ada, log_in, chain):
    with transaction():
        operation = onchain.queue("root:1", "root", [])
    page = log_in(ada).get(f"/operations/{operation.id}").text
    assert "Published root" in page and "Root and total of the day" in page and "Entries" not in page
