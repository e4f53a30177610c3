"""What Prometheus is told, and whom else it is not told to."""

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
from lms.domain.notices.models import Mail
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Operation
from lms.queue import queue
from lms.rpc_endpoints import Memory
from tests.blueprints.test_admin_chain import SIGNER, operations
from tests.blueprints.test_wallet import reward
from tests.conftest import teo
from tests.test_app import closed_port

TOKEN = "only-for-prometheus-" + "0123456789abcdef"
_LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)')


@pytest.fixture
def opened(app, monkeypatch):
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)


def scrape(client):
    """{name: {labels' values: value}}, each line held against the format."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert answer.text.endswith("\n")
    found, described = {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# "):
            described.add(line.split(" ")[2])
            assert re.fullmatch(r"# (HELP [a-z_]+ \S.*|TYPE [a-z_]+ gauge)", line), line
            continue
        name, labels, value = _LINE.fullmatch(line).groups()
        assert name in described, line
        key = tuple(re.findall(r'="((?:[^"\\]|\\.)*)"', labels or ""))
        assert key not in found.setdefault(name, {}), f"{line} is there twice"
        found[name][key] = float(value)
    return found


def test_without_the_setting_there_is_no_such_page(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \u20ac"])
def test_without_the_token_nothing_is_told(client, opened, header):
    answer = client.get("/metrics", headers={"Authorization": header.encode("utf-8").decode("latin-1")} if header is not None else {})
    assert answer.status_code == 401 and "lms_" not in answer.text


def test_no_admin_needs_less_than_the_token(log_in, ada, opened):
    assert log_in(ada).get("/metrics").status_code == 401


def test_the_token_is_in_no_log(client, opened, capfd, caplog):
    client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}x"})
    out, err = capfd.readouterr()
    assert TOKEN not in out + err + caplog.text


def test_it_counts_operations_and_the_age_of_the_oldest(client, opened, chain):
    operations(3)
    operations(2, "queued", "release")
    with transaction():
        db.session.query(Operation).filter_by(state="queued").update({"queued_at": clock.now() - timedelta(minutes=5)})
    found = scrape(client)
    assert found["lms_operations"] == {("settle", "final"): 3, ("release", "queued"): 2}
    assert 300 <= found["lms_operations_oldest_queued_seconds"][()] < 310


def test_it_tells_of_signers_and_the_chain(client, opened, chain, ana):
    with transaction():
        onchain.see_chain(Block(42, "0x0", 0, 7))
        signer_lanes.see_signer(SIGNER, 5 * 10**18, 3)
        operation = onchain.queue("settle:1", "settle", [])
        signer_lanes.take_nonces([operation], SIGNER, 0)
        signer_lanes.adopt(SIGNER, 5)
        signer_lanes.halt(SIGNER, "a look")
    clock.advance(timedelta(seconds=90))
    found = scrape(client)
    assert found["lms_signer_balance_wei"] == {(SIGNER,): 5e18}
    assert (found["lms_signer_next_nonce"], found["lms_signer_pending"], found["lms_signer_halted"]) == ({(SIGNER,): 5}, {(SIGNER,): 2}, {(SIGNER,): 1})
    assert (found["lms_chain_head"], found["lms_chain_base_fee_wei"]) == ({(): 42}, {(): 7})
    assert 90 <= found["lms_chain_seen_seconds"][()] < 100


def test_it_tells_of_incidents_of_what_stands_still_and_of_what_is_owed(client, opened, ana):
    for number in range(2):
        reward(ana, 1.5, key=str(number))
    with transaction():
        for subject in ("a", "b"):
            audit.open_incident("foreign nonce", subject)
        audit.stop("settlement", "a look")
        db.session.add(Mail(user_id=ana.id, kind="verify", address=ana.email, written_at=clock.now()))
    found = scrape(client)
    assert found["lms_incidents_open"] == {("foreign nonce",): 2}
    assert found["lms_stopped"] == {("payouts",): 0, ("settlement",): 1, ("signing",): 0}
    assert (found["lms_uncovered_legs"], found["lms_uncovered_teo_micro"]) == ({(): 2}, {(): teo(3)})
    assert found["lms_mails_waiting"][()] >= 1


def test_it_tells_of_whatever_stands_still(client, opened):
    with transaction():
        for part in ("payouts", "difference suspected"):
            audit.stop(part, "a look")
    assert scrape(client)["lms_stopped"] == {("difference suspected",): 1, ("payouts",): 1, ("settlement",): 0, ("signing",): 0}


def test_it_tells_of_endpoints_and_jobs(app, client, opened):
    memory, now = Memory(app.config["CHAIN_ID"]), time.time()
    memory.keep("https://a.example.org", vars(Health(answered_at=now, seconds=0.25, head=42)))
    memory.keep("https://b.example.org", vars(Health(failed_at=now, failure="timeout")))
    queue.enqueue("settlement.settle")
    queue._mail.failed_job_registry.connection.zadd(queue._mail.failed_job_registry.key, {"a-job": now + 60})
    found = scrape(client)
    assert found["lms_rpc_endpoint_up"] == {("https://a.example.org",): 1, ("https://b.example.org",): 0}
    assert found["lms_rpc_endpoint_answer_seconds"] == {("https://a.example.org",): 0.25}
    assert found["lms_jobs_waiting"] == {("default",): 1, ("mail",): 0}
    assert found["lms_jobs_failed"] == {("default",): 0, ("mail",): 1}


def test_without_redis_the_rest_is_told(client, opened, chain, monkeypatch):
    operations(1)
    monkeypatch.setattr(queue, "redis", Redis(port=closed_port(), socket_connect_timeout=0.2))
    for each in (queue._queue, queue._mail):
        monkeypatch.setattr(each, "connection", queue.redis)
    found = scrape(client)
    assert found["lms_operations"] == {("settle", "final"): 1}
    assert not {"lms_jobs_waiting", "lms_jobs_failed", "lms_rpc_endpoint_up"} & found.keys()


def test_what_a_label_holds_breaks_no_line(client, opened):
    with transaction():
        audit.open_incident('a "quoted"\nkind\\', "a")
    assert scrape(client)["lms_incidents_open"] == {(r"a \"quoted\"\nkind\\",): 1}


def test_it_takes_as_many_statements_for_a_thousand_operations_as_for_ten(client, opened, chain, statements):
    seen = []
    for count in (10, 990):
        operations(count)
        with statements() as sent:
            scrape(client)
        seen.append(len(sent))
    assert seen[0] == seen[1] < 20, seen
