"""The page where a member sees that his balance is counted, and the file that proves it."""

import re
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lms import chain_observations, clock
from lms.db import transaction
from lms.domain.onchain import actions as onchain
from lms.domain.wallet import solvency
from lms.formats.solvency_proof import read, verify
from tests.blueprints.test_wallet import give_address, words
from tests.conftest import teo
from tests.domain.test_solvency import credit, many_members, take


def publish(tree, state):
    """Bring the operation of the tree to this state."""
    with transaction():
        tree.operation = onchain.queue(f"root:{tree.day}", "root", [])
        tree.operation.state = "sent" if state in ("mined", "final") else state
        tree.operation.tx_hash = None if state == "queued" else "0x" + "5e" * 32
        if state in ("mined", "final"):
            receipt = dict(tx_hash="0x" + "5e" * 32, block_number=48201, block_hash="0x" + "aa" * 32, gas_used=1, effective_gas_price=1)
            onchain.mark_mined(tree.operation, SimpleNamespace(**receipt))
        if state == "final":
            onchain.mark_final(tree.operation)


def test_the_wallet_offers_to_verify_the_balance(ana, log_in):
    page = log_in(ana).get("/wallet").text
    assert re.search(r'href="/wallet/proof"[^>]*>.*Verify my balance', page)


def test_the_page_says_what_is_counted_and_in_which_total(ana, bruno, log_in):
    credit(ana, 62.4)
    credit(bruno, 1000)
    tree = take()
    page = log_in(ana).get("/wallet/proof").text
    assert "62.40 TEO in a total of 1\u202f062.40 TEO that 2 members have" in re.sub(r"<[^>]+>|\s+(?=\s)", "", page).replace("\n", " ")
    assert f"0x{tree.root.hex()}" in page


def test_the_page_says_what_the_chain_was_seen_to_hold_and_when(ana, log_in):
    browser = log_in(ana)
    assert "has not been seen lately" in browser.get("/wallet/proof").text
    give_address(ana, "0x" + "Ab" * 20)
    chain_observations.keep(48_201, {"0x" + "Ab" * 20: teo(62.4)})
    clock.advance(timedelta(seconds=20))
    assert "On the chain 62.40 TEO Block 48 201 Seen 20 s ago" in words(browser.get("/wallet/proof").text)


def test_without_javascript_nothing_is_claimed(ana, log_in):
    """Each verdict is hidden, and their place is not shown where no script runs."""
    take()
    page = log_in(ana).get("/wallet/proof").text
    shown = re.findall(r'data-outcome="(\w+)"(?! hidden)', page)
    assert set(shown) == {"waiting"}
    assert all("with-scripts" in found for found in re.findall(r"<[^>]* data-check=[^>]*>", page))


def test_the_file_is_a_proof_that_holds(ana, bruno, log_in):
    credit(ana, 62.4)
    credit(bruno, 1)
    tree = take()
    answer = log_in(ana).get("/wallet/proof.json")
    proof = read(answer.data)
    verify(proof)
    assert (proof.member, proof.amount, proof.total) == ("ana@example.org", teo(62.4), teo(63.4))
    assert answer.headers["Content-Disposition"] == f"attachment; filename=teo-proof-{tree.day}.json"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_everybody_gets_his_own_proof_only(ana, bruno, client, log_in):
    take()
    for address in ("/wallet/proof", "/wallet/proof.json"):
        assert client.get(address).status_code == 302
    for user in (ana, bruno):
        assert read(log_in(user).get("/wallet/proof.json").data).member == user.email
    assert "ana@example.org" not in log_in(bruno).get("/wallet/proof").text


def test_the_program_that_checks_is_given_to_anybody_and_works(ana, log_in, tmp_path):
    credit(ana, 62.4)
    take()
    browser = log_in(ana)
    (tmp_path / "proof.json").write_bytes(browser.get("/wallet/proof.json").data)
    answer = browser.get("/wallet/proof.py")
    assert "solvency_proof.py" in answer.headers["Content-Disposition"]
    (tmp_path / "solvency_proof.py").write_bytes(answer.data)
    run = subprocess.run([sys.executable, "-I", tmp_path / "solvency_proof.py", tmp_path / "proof.json"], check=False, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "") and "62.400000 TEO of ana@example.org" in run.stdout


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "not yet published"),
        ("queued", "being published"),
        ("sent", "being published"),
        ("mined", "on chain · block 48\u202f201"),
        ("final", "final · block 48\u202f201"),
        ("failed", "not published"),
    ],
)
def test_the_page_says_how_far_its_publication_is(ana, log_in, chain, state, said):
    tree = take()
    if state:
        publish(tree, state)
    page = log_in(ana).get("/wallet/proof").text
    assert said in re.sub(r"<[^>]+>", " ", page)
    assert ("0x" + "5e" * 32 in page) == (state in ("mined", "final"))


def test_other_days_stand_beside_and_can_be_chosen(ana, log_in):
    credit(ana, 1)
    yesterday = take()
    clock.advance(timedelta(days=1))
    credit(ana, 4, key="more")
    today = take()
    browser = log_in(ana)
    newest = browser.get("/wallet/proof").text
    assert f'href="/wallet/proof?day={yesterday.day}"' in newest and f"day={today.day}" not in newest.replace(f"proof.json?day={today.day}", "")
    assert read(browser.get("/wallet/proof.json").data).total == teo(5)
    assert read(browser.get(f"/wallet/proof.json?day={yesterday.day}").data).total == teo(1)
    assert f"0x{yesterday.root.hex()}" in browser.get(f"/wallet/proof?day={yesterday.day}").text


def test_there_is_no_proof_for_another_day(ana, log_in):
    take()
    browser = log_in(ana)
    for address in ("/wallet/proof", "/wallet/proof.json"):
        assert browser.get(f"{address}?day=2001-01-01").status_code == 404


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-13-45", "1e9", "\x00", "99999-01-01"])
def test_a_nonsense_day_is_the_newest(ana, log_in, day):
    take()
    assert log_in(ana).get("/wallet/proof", query_string={"day": day}).status_code == 200


def test_before_the_first_count_the_page_says_so(ana, log_in):
    browser = log_in(ana)
    assert "Nothing has been counted yet." in words(browser.get("/wallet/proof").text)
    assert browser.get("/wallet/proof.json").status_code == 404


def test_who_joined_after_the_count_is_told_so(ana, member, log_in):
    take()
    browser = log_in(member("nina"))
    assert "You joined after it was taken." in words(browser.get("/wallet/proof").text)
    assert browser.get("/wallet/proof.json").status_code == 404


@pytest.mark.parametrize("count", [10, 2_000])
def test_page_and_file_take_as_many_statements_at_two_thousand_members(ana, log_in, statements, chain, count):
    many_members(count)
    for _ in range(solvency.KEPT):
        publish(take(), "mined")
        clock.advance(timedelta(days=1))
    browser = log_in(ana)
    for address, allowed in (("/wallet/proof", 5), ("/wallet/proof.json", 3)):
        browser.get(address)
        with statements() as seen:
            assert browser.get(address).status_code == 200
        assert len(seen) <= allowed
