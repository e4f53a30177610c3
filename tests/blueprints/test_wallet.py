"""The wallet page and the balance as JSON."""

import re
from contextlib import closing
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask import render_template_string
from markupsafe import Markup
from psycopg.rows import tuple_row
from sqlalchemy import text

from lms import clock
from lms.chain.rpc import Block
from lms.db import db, transaction
from lms.domain.accounts import sessions
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries as chain_state
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import key_replacements, queries, signed_in
from tests.conftest import teo


def reward(user, amount, key="k", days=14, kind="purchase", **evidence):
    with transaction():
        rewards.grant(key, user.id, kind, teo(amount), rulebook.in_force(), clock.now() + timedelta(days=days), evidence=evidence)


def move(user, amount, key, source="maturing", target="available"):
    with transaction():
        ledger.post(key, books.member(user.id, "TEO", source), books.member(user.id, "TEO", target), teo(amount), "matured", evidence={"by": "test"})


def give_address(user, address="0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f"):
    with transaction():
        wallet.keep_wallet(books.holder_of(user.id).id, SimpleNamespace(address=address, ciphertext=b"c", wrapped_key=b"w", kek_version=1))


def settle(state="queued"):
    """A batch of what waits, brought to this state."""
    with transaction():
        operation = wallet.open_batch()
        operation.state = "sent" if state in ("mined", "final") else state
        if state in ("mined", "final"):
            facts = dict(tx_hash="0x" + "5e" * 32, block_number=48201, block_hash="0x" + "aa" * 32, gas_used=125_034)
            onchain.mark_mined(operation, SimpleNamespace(effective_gas_price=30_000_000_000, **facts))
        if state == "final":
            onchain.mark_final(operation)
    return operation


def words(page):
    """The page as it is read: no tags, single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_new_member_sees_zero_and_that_his_address_is_being_made(ana, log_in):
    page = words(log_in(ana).get("/wallet").text)
    assert "Your address is being made." in page
    assert "Nothing has moved yet." in page


def test_the_wallet_is_for_members(client):
    answer = client.get("/wallet")
    assert answer.status_code == 302
    assert "/log-in" in answer.headers["Location"] or "login" in answer.headers["Location"]


def test_each_part_says_how_much_and_until_when(ana, log_in):
    reward(ana, 1.6, course="How chains work")
    reward(ana, 8, key="past", days=-1)
    page = words(log_in(ana).get("/wallet").text)
    assert "9.60 TEO in all" in page
    assert "Available 8.00 yours now" in page
    assert "Maturing 1.60 next 1.60 ·" in page


def test_what_a_cap_deferred_is_told(ana, log_in):
    reward(ana, 120)
    assert "20.00 TEO are above today's limit" in words(log_in(ana).get("/wallet").text)


def evidence(browser, **headers):
    """What the newest row of the wallet links to."""
    link = re.search(r'href="(/wallet/movements/\d+)"', browser.get("/wallet").text)[1]
    return browser.get(link, headers=headers).text


def test_a_row_says_what_it_is_about(ana, log_in):
    reward(ana, 1.6, course="How chains work", order=7)
    assert "Purchase reward How chains work · matures" in words(log_in(ana).get("/wallet").text)


def test_the_evidence_of_a_row_is_a_page(ana, log_in):
    reward(ana, 1.6, course="How chains work", order=7)
    page = evidence(log_in(ana))
    assert "Rulebook version 1" in words(page)
    assert "when the right to a refund has ended" in words(page)
    assert 'href="/orders/7"' in page
    assert "</html>" in page


@pytest.mark.parametrize(
    ("kind", "rate"),
    [
        ("purchase", "what the teacher gives, up to 2 % of the price"),
        ("lesson", "4 % of the price paid, shared among the lessons"),
        ("completion", "4 % of the price paid"),
    ],
)
def test_the_evidence_says_the_numbers_of_the_rulebook_it_names(ana, log_in, kind, rate):
    reward(ana, 1.6, kind=kind, course="How chains work", lesson="Blocks")
    said = words(evidence(log_in(ana)))
    assert f"Rule {rate} All rewards of a day at most 100.00 TEO" in said and "Lesson Blocks" in said


def test_a_row_and_what_it_opens_ask_the_same(ana, log_in):
    reward(ana, 1.6)
    browser = log_in(ana)
    assert re.search(r'<a class="evidence-link"[^>]*>Why this TEO\?</a>', browser.get("/wallet").text)
    assert re.search(r"<summary[^>]*>Why this TEO\?</summary>", evidence(browser))


def test_htmx_gets_the_evidence_alone(ana, log_in):
    reward(ana, 1.6, course="How chains work")
    fragment = evidence(log_in(ana), **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert fragment.strip().startswith("<details") and fragment.strip().endswith("</details>")
    assert "Rulebook version 1" in words(fragment)


def test_the_evidence_is_the_members_own(ana, bruno, client, log_in):
    reward(ana, 1.6)
    transfer = queries.movements(ana.id)[0].id
    address = f"/wallet/movements/{transfer}"
    assert client.get(address).status_code == 302
    reward(bruno, 1.6, key="his")
    browser = log_in(bruno)
    assert browser.get(address).status_code == 404
    assert browser.get("/wallet/movements/0").status_code == 404
    assert browser.get(f"/wallet/movements/{2**62 - 1}").status_code == 404
    assert browser.get(f"/wallet/movements/{2**80}").status_code == 404


@pytest.mark.parametrize(
    ("state", "said"),
    [("queued", "settling"), ("signed", "settling"), ("sent", "settling"), ("mined", "on chain · block 48\u202f201"), ("final", "final · block 48\u202f201")],
)
def test_a_row_says_how_far_the_chain_has_followed(ana, log_in, chain, state, said):
    reward(ana, 1.6)
    give_address(ana)
    operation = settle(state)
    page = log_in(ana).get("/wallet").text
    assert f"+1.60 TEO {said}" in " ".join(re.sub(r"<[^>]+>", " ", page).replace("\u202f", "_").split()).replace("_", "\u202f")
    assert re.search(rf'<a href="/operations/{operation.id}">\s*<span class="state [^>]*>(?:<i [^>]*></i>)?{said}</span></a>', page)
    assert f'href="/operations/{operation.id}"' in evidence(log_in(ana))


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [("queued", "pending", "settling"), ("mined", "done", "on chain · block 48\u202f201"), ("final", "done", "final · block 48\u202f201")],
)
def test_a_row_written_out_for_speed_is_the_one_row(app, ana, log_in, chain, state, kind, said):
    reward(ana, 1.6, course="How chains work")
    give_address(ana)
    operation = settle(state)
    lot, movement = written_rows(log_in(ana).get("/wallet").text)
    with app.test_request_context():
        assert lot == macro_row(lot, 'row("hourglass", "Purchase reward", why, "1.60 TEO", side, tone="gold")')
        row = 'call row("gift", "Purchase reward", why, "+1.60 TEO", link ~ state(said, kind) ~ end, tone="gold", id="transfer-1")'
        link = Markup('<a href="/operations/%d">') % operation.id
        assert movement == macro_row(movement, row, said=said, kind=kind, link=link, end=Markup("</a>"))


def written_rows(page):
    """The rows of a page, without the space between tags."""
    return [re.sub(r"\s*(<[^>]+>)\s*", r"\1", row) for row in re.findall(r'<li class="rowline".*?</li>', page, re.DOTALL)]


def macro_row(written, row, **facts):
    """What the macro makes of a written row's own words."""
    parts = {"why": r'class="why">(.*?)</div>', "side": r'class="row-state">(.*?)</div>', "more": r'class="more">(.*?)</div>'}
    words = {name: Markup(found[1]) for name, pattern in parts.items() if (found := re.search(pattern, written))}
    source = f"{{% {row} %}}{{{{ more }}}}{{% endcall %}}" if row.startswith("call ") else f"{{{{ {row} }}}}"
    [made] = written_rows(render_template_string('{% from "macros.html" import row, state %}' + source, **facts, **words))
    return made


def test_times_are_said_in_the_members_zone(ana, log_in):
    """Half an hour aside from UTC, and in another one's zone for another reader of the same moment."""
    clocks = []
    for zone in ("UTC", "Asia/Kolkata"):
        with transaction():
            ana.time_zone = zone
        reward(ana, 1.6)
        iso, said = re.search(r'<time datetime="([^"]+)" title="[^"]*?(\d\d:\d\d) ', log_in(ana).get("/wallet").text).groups()
        assert said == f"{datetime.fromisoformat(iso).astimezone(ZoneInfo(zone)):%H:%M}"
        clocks.append(said)
    assert clocks[0] != clocks[1]


def test_what_waits_for_a_batch_is_settling(ana, log_in):
    reward(ana, 1.6)
    browser = log_in(ana)
    assert "settling" in words(browser.get("/wallet").text)
    assert "with the next batch" in words(evidence(browser))


def test_moving_between_own_parts_is_off_chain(ana, log_in):
    reward(ana, 1.6)
    move(ana, 1, "m")
    assert "Now available from maturing to available 1.00 TEO off-chain" in words(log_in(ana).get("/wallet").text)


def test_the_address_shown_is_the_one_in_use(ana, log_in):
    give_address(ana)
    with transaction():
        newer = SimpleNamespace(address="0x90F79bf6EB2c4f870365E785982E1f101E93b906", ciphertext=b"c", wrapped_key=b"w", kek_version=1)
        key_replacements.replace(books.holder_of(ana.id).id, newer)
    page = log_in(ana).get("/wallet").text
    assert newer.address in page and "0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f" not in page


def test_the_address_is_shown_short(ana, log_in):
    give_address(ana)
    page = log_in(ana).get("/wallet").text
    assert "0x71C2…9E4f" in page
    assert 'data-copy="0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f"' in page


def test_older_movements_stand_on_the_next_page(ana, log_in):
    for number in range(13):
        reward(ana, 1, key=f"k{number}", course=f"Course {number}!")
    browser = log_in(ana)
    newest = browser.get("/wallet").text
    older = browser.get(re.search(r"/wallet\?before=\d+", newest)[0]).text
    assert "Course 12!" in newest and "Course 2!" not in words(newest).split("Activity")[1]
    assert "Course 2!" in older and "Course 3!" not in older
    assert 'rel="next"' not in older


def test_a_page_that_is_just_full_is_the_last(ana, log_in):
    for number in range(20):
        reward(ana, 1, key=f"k{number}", course=f"Course {number}!")
    browser = log_in(ana)
    older = browser.get(re.search(r"/wallet\?before=\d+", browser.get("/wallet").text)[0]).text
    assert "Course 0!" in older and 'rel="next"' not in older


@pytest.mark.parametrize("before", ["-1", "NaN", "1e9", "0", "99999999999999999999999999", "1;2"])
def test_a_nonsense_page_is_the_newest(ana, log_in, before):
    assert log_in(ana).get(f"/wallet?before={before}").status_code == 200


def test_somebody_elses_movements_are_not_shown(ana, bruno, log_in):
    reward(bruno, 1.6, course="Not hers")
    assert "Not hers" not in log_in(ana).get("/wallet").text


def test_the_head_shows_the_balance_on_every_page(ana, log_in):
    reward(ana, 3, days=-1)
    page = log_in(ana).get("/").text
    assert '<span data-counts="chip">3.00</span>' in page
    assert words(re.search(r'<a class="chip" href="/wallet">.*?</a>', page, re.DOTALL)[0]) == "Wallet 3.00 TEO"  # no label hides the amount


def test_the_balance_as_json(ana, log_in):
    reward(ana, 1.5)
    reward(ana, 2, key="past", days=-1)
    parts = {"available": 2_000_000, "maturing": 1_500_000, "staked": 0, "unbonding": 0, "reserved": 0, "debt": 0}
    assert log_in(ana).get("/wallet/balance.json").get_json() == parts | {"total": 3_500_000}


def test_the_balance_as_json_is_for_members(client):
    answer = client.get("/wallet/balance.json", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.is_json


SILENT = "The chain does not answer at the moment."


def test_the_page_says_what_waits_while_nobody_has_seen_the_chain_for_long(ana, log_in):
    with transaction():
        onchain.see_chain(Block(7, "0x7", 0))
    assert SILENT not in log_in(ana).get("/wallet").text
    clock.advance(chain_state.SILENT + timedelta(seconds=1))
    assert SILENT in log_in(ana).get("/wallet").text


@pytest.mark.parametrize("rows", [10, 10_000])
def test_the_page_takes_as_many_statements_at_ten_thousand_transfers(ana, log_in, statements, chain, rows):
    reward(ana, 1.6)
    give_address(ana)
    settle("mined")
    many = text("""
        INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, rule_version)
        SELECT 'many' || n, :maturing, :available, 'TEO', 1, now(), 'matured', '{"by": "test"}', 1 FROM generate_series(1, :rows) n""")
    with transaction():
        ids = {name: books.member(ana.id, "TEO", name).id for name in ("maturing", "available")}
        db.session.execute(many, ids | {"rows": rows})
    browser = log_in(ana)
    db.session.expunge_all()
    with statements() as seen:
        assert browser.get("/wallet").status_code == 200
    assert len(seen) == 1


def test_the_balance_as_json_ends_with_the_sign_in(ana, log_in):
    browser = log_in(ana)
    assert browser.get("/wallet/balance.json").status_code == 200
    with transaction():
        sessions.close_all_sessions(ana)
    assert browser.get("/wallet/balance.json").status_code == 401


def test_the_balance_as_json_takes_one_statement(ana, log_in, statements):
    browser = log_in(ana)
    with statements() as seen:
        assert browser.get("/wallet/balance.json").status_code == 200
    assert len(seen) == 1


def test_the_wallet_page_takes_one_statement(ana, log_in, statements):
    browser = log_in(ana)
    with statements() as seen:
        assert browser.get("/wallet").status_code == 200
    assert len(seen) == 1


def test_the_wallet_ends_with_the_sign_in_and_is_shut_to_the_suspended(ana, log_in):
    browser = log_in(ana)
    assert browser.get("/wallet").status_code == 200
    with transaction():
        ana.suspended_at = clock.now()
    assert browser.get("/wallet").status_code == 302
    with transaction():
        ana.suspended_at = None
        sessions.close_all_sessions(ana)
    assert browser.get("/wallet").status_code == 302


def test_a_connection_that_broke_is_not_asked_again(ana, log_in):
    browser = log_in(ana)
    for engine in db.engines.values():  # several of each kind are open
        connections = [engine.connect() for _ in range(5)]
        for connection in connections:
            connection.close()
    db.session.commit()
    db.session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"))
    db.session.commit()
    assert {browser.get("/wallet/balance.json").status_code for _ in range(25)} == {200}
    for engine in db.engines.values():  # nor by the next test
        engine.dispose()


@pytest.fixture
def reading(app):
    """The engine of connections that only read, with nothing broken left in it."""
    engine = db.engines["reading"]
    engine.dispose()
    yield engine
    engine.dispose()


def test_a_database_that_takes_no_further_connection_keeps_those_it_has(ana, log_in, reading, monkeypatch):
    browser = log_in(ana)
    browser.get("/wallet/balance.json")
    pool, connect = reading.pool, reading.dialect.connect
    in_use = reading.raw_connection()
    with monkeypatch.context() as full:

        def refuse(*args, **options):
            raise psycopg.OperationalError("FATAL: sorry, too many clients already")

        full.setattr(reading.dialect, "connect", refuse)
        assert browser.get("/wallet/balance.json").status_code == 503
        assert reading.pool is pool
        in_use.close()
        assert browser.get("/wallet/balance.json").status_code == 200
    assert reading.dialect.connect == connect


def test_those_whose_statements_are_cut_at_once_leave_the_pool_once(ana, log_in, reading, monkeypatch):
    """The slower one finds another in its place already, whose connections are good."""
    browser, rows, pools = log_in(ana), signed_in._rows, [reading.pool]

    def cut_for_two(connection, *rest):
        if len(pools) == 1:
            pools.append(None)
            signed_in._read("SELECT 1", {}, tuple_row)  # another request, cut as well, and quicker
            pools[1] = reading.pool
        elif pools[1] is None and reading.pool is pools[0]:
            pass
        else:
            return rows(connection, *rest)
        connection.close()
        raise psycopg.OperationalError("terminating connection")

    monkeypatch.setattr(signed_in, "_rows", cut_for_two)
    assert browser.get("/wallet/balance.json").status_code == 200
    assert pools[0] is not reading.pool is pools[1]


def test_a_statement_that_was_broken_off_is_answered_to_nobody_else(ana, log_in, reading):
    class BrokenOff(BaseException):
        """As gevent ends a request."""

    def broken_off(cursor):
        raise BrokenOff

    def its_connection():
        with closing(reading.raw_connection()) as kept:
            return kept.driver_connection

    before = its_connection()
    with pytest.raises(BrokenOff):
        signed_in._read("SELECT 'of another'", {}, broken_off)
    assert its_connection() is not before
    assert log_in(ana).get("/wallet/balance.json").status_code == 200
