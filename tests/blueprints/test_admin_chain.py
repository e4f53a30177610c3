"""The admin's page of the chain: what is on its way, what it cost, how long the gas lasts."""

import re
import time
from datetime import timedelta

import pytest
from redis import Redis

from lms import clock
from lms.chain.rpc import Block
from lms.chain.rpc_endpoint import Health
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import figures, signer_lanes
from lms.domain.onchain.models import Operation
from lms.queue import queue
from lms.rpc_endpoints import Memory
from tests.blueprints.test_wallet import give_address, reward, settle, words
from tests.test_app import closed_port

SIGNER = "0x" + "cd" * 20
GWEI = 10**9


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def look(browser):
    answer = browser.get("/admin/chain")
    assert answer.status_code == 200
    return words(answer.text)


def operations(count, state="final", kind="settle", fee=10**15, gas=100_000, ago=timedelta()):
    """So many operations, mined so long ago."""
    mined_at = clock.now() - ago if state in ("mined", "final") else None
    with transaction():
        first = len(db.session.query(Operation.id).all()) + 1
        facts = dict(kind=kind, state=state, deployment_id=1, signer=SIGNER, queued_at=clock.now(), mined_at=mined_at, fee_wei=fee if mined_at else None, gas_used=gas if mined_at else None)
        db.session.add_all(Operation(key=f"k{number}", op=number, **facts) for number in range(first, first + count))


def fund(coins):
    with transaction():
        signer_lanes.see_signer(SIGNER, int(coins * 10**18), 0)


def test_it_tells_height_signers_and_what_waits(browser, chain, ana):
    operations(3, "queued")
    reward(ana, 1.6)
    with transaction():
        onchain.see_chain(Block(48201, "0x0", 0, 31 * GWEI))
    fund(2.5)
    page = look(browser)
    assert "Block 48 201 seen" in page and "31 gwei" in page
    assert "On their way 3 oldest queued" in page
    assert "0xcdcd…cdcd" in page and "2.50 ETH" in page and "no spending yet" in page
    assert "Movements without an entry 1 of members 1 in all 1.60 TEO" in page


def test_a_balance_lasts_for_what_the_last_seven_days_took(browser, chain):
    fund(7)
    operations(1, fee=10**20, ago=timedelta(days=8))
    operations(7, fee=10**17)
    page = look(browser)
    assert "lasts 70 days at 0.10 ETH a day" in page
    assert "Gas lasts 70 days, at what the last 7 days took" in page


def test_a_platform_younger_than_that_is_not_taken_for_a_thrifty_one(chain, app):
    fund(7)
    operations(2, fee=10**18, ago=timedelta(hours=30))
    [lane] = figures.lanes()
    assert (lane.spent, lane.runway) == (10**18, 7)


def test_gas_per_day_is_a_chart_with_its_table(browser, chain):
    operations(2, gas=100_000)
    operations(1, gas=50_000, ago=timedelta(days=3))
    operations(1, gas=999_999, ago=timedelta(days=31))
    page = browser.get("/admin/chain").text
    chart = re.search(r'<svg class="chart" role="img" aria-label="([^"]+)".*?</svg>', page, re.DOTALL)
    assert "250\u202f000 in 30 days" in chart[1] and "with 200\u202f000" in chart[1]
    heights = [int(height) for height in re.findall(r'<rect[^>]* height="(\d+)"', chart[0])]
    assert heights == [40, 160]
    table = words(re.search(r"<table.*?</table>", page[chart.end() :], re.DOTALL)[0])
    assert re.search(r"2 200.000 .*1 50.000", table) and "999" not in table
    assert "style=" not in page


def test_an_empty_month_says_so(browser, chain):
    assert "Nothing was mined in the last 30 days" in look(browser)


def earn_and_settle(ana):
    reward(ana, 1.6)
    reward(ana, 1.6, key="again")
    give_address(ana)
    return settle("mined")  # 125 034 gas at 30 gwei: 0.00375102 of the coin


def test_a_reward_costs_its_part_of_what_settlements_took(app, browser, chain, ana, monkeypatch):
    earn_and_settle(ana)
    monkeypatch.setitem(app.config, "POL_PRICE_EUR", 200_000)
    page = look(browser)
    assert "Cost per reward 0.000375 € rewards in 30 days: 2" in page
    assert "Price of gas 0.20 € per ETH" in page and "0.001876 ETH" in page


def test_without_a_price_the_cost_is_not_configured(browser, chain, ana):
    earn_and_settle(ana)
    assert "Cost per reward not configured" in look(browser)


def test_what_stands_still_says_why_and_leads_to_the_incidents(browser, chain):
    with transaction():
        audit.stop("settlement", "The ledger and the chain differ.")
        audit.open_incident("foreign nonce", SIGNER)
        signer_lanes.halt(SIGNER, "A transaction that is not ours has taken a nonce of this signer.")
    page = look(browser)
    assert "Settlement stands still. The ledger and the chain differ." in page and "Settlement stands still Signing runs" in page and "A nonce taken by others" in page
    assert "halted" in page and "has taken a nonce of this signer" in page


def test_each_endpoint_is_shown_by_its_host_with_its_health(app, browser):
    memory, now = Memory(app.config["CHAIN_ID"]), time.time()
    memory.keep("https://good.example.org", vars(Health(answered_at=now, seconds=0.024, head=48201)))
    memory.keep("https://tired.example.org", vars(Health(failed_at=now, failure="timeout", rests_until=now + 50)))
    page = look(browser)
    assert re.search(r"good.example.org answered now .* in 24 ms · block 48.201 up", page), page
    assert re.search(r"tired.example.org no answer yet rests asked again in \d+ s .*last failure .*did not answer in time", page), page


def test_what_redis_keeps_is_not_known_without_it(browser, chain, monkeypatch):
    monkeypatch.setattr(queue, "redis", Redis(port=closed_port(), socket_connect_timeout=0.2))
    for each in (queue._queue, queue._mail):
        monkeypatch.setattr(each, "connection", queue.redis)
    page = look(browser)
    assert "Redis does not answer" in page and "Jobs that wait not known" in page


@pytest.mark.parametrize("path", ["/admin/chain", "/admin/operations"])
def test_it_takes_as_many_statements_for_a_thousand_operations_as_for_ten(browser, chain, statements, path, ana, bruno):
    seen = []
    for count in (10, 990):
        operations(count - 2)
        operations(2, "queued", "release")
        for user in (ana, bruno):
            reward(user, 1, key=f"{user.id}:{count}")
        with transaction():
            audit.open_incident("foreign nonce", count)
        with statements() as sent:
            browser.get(path)
        seen.append(len(sent))
    assert seen[0] == seen[1] < 25, seen


def test_operations_are_filtered_by_kind_and_state(browser, chain):
    operations(2, "queued", "release")
    operations(1, "final", "settle")
    with transaction():
        db.session.query(Operation).filter_by(kind="settle").update({"op": 77})
    page = words(browser.get("/admin/operations?kind=release&state=queued").text)
    assert "Operation 1" in page and "Operation 2" in page and "Operation 77" not in page
    assert "Operation 77" in words(browser.get("/admin/operations?kind=settle").text)
    assert "Operation 1 " in words(browser.get("/admin/operations?kind=nothing").text)


def test_the_table_leads_to_the_operations_it_counts(browser, chain):
    operations(2, "queued", "release")
    link = re.search(r'href="(/admin/operations\?[^"]+)" aria-label="Withdrawal, queued: 2"', browser.get("/admin/chain").text)[1]
    assert words(browser.get(link.replace("&amp;", "&")).text).count("Operation 1") == 1


def test_the_home_leads_to_it(browser):
    assert 'href="/admin/chain"' in browser.get("/admin/").text
