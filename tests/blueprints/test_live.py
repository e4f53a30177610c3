"""Streams of open pages, over a real server and a real Redis."""

import http.client
import threading
import time

import pytest
from werkzeug.serving import make_server

from lms import live
from lms.blueprints.live import stream as stream_module
from lms.blueprints.live.hub import Hub, hub
from lms.blueprints.live.stream import message
from lms.db import transaction
from lms.domain.accounts import sessions
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.queue import queue
from tests.conftest import teo
from tests.races import PATIENCE


class Page:
    """An open page: reads the stream's messages."""

    def __init__(self, port, cookie, show="balance_chip", headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.connection.request("GET", f"/live?show={show}", headers={"Cookie": f"session={cookie}", **(headers or {})})
        self.answer = self.connection.getresponse()

    def read(self):
        """The next message as its text, past comments, which come for ever; empty when the stream has ended."""
        lines, until = [], time.monotonic() + PATIENCE
        while line := self.answer.readline().decode():
            assert time.monotonic() < until, "nothing came but heartbeats"
            if line != "\n":
                lines.append(line)
            elif any(not line.startswith(":") for line in lines):
                return "".join(lines)
            else:
                lines = []
        return ""

    def read_until(self, words):
        while (text := self.read()) and words not in text:
            pass
        return text

    def close(self):
        self.connection.sock and self.connection.sock.close()
        self.answer.close()
        self.connection.close()


@pytest.fixture
def port(app, client):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.port
    for stream in hub._all():
        stream.end()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cookie(log_in):
    """cookie(ana) signs her in and gives what her browser keeps."""
    return lambda user: log_in(user).get_cookie("session").value


@pytest.fixture
def open_page(port, cookie):
    pages = []

    def open_(user, show="balance_chip"):
        pages.append(Page(port, cookie(user), show))
        return pages[-1]

    yield open_
    for page in pages:
        page.close()


def credit(user, amount, key):
    with transaction():
        ledger.post(key, books.platform("TEO", "issuance"), books.member(user.id, "TEO", "available"), teo(amount), "grant", evidence={"by": "test"})


def test_the_blocks_asked_for_come_first(ana, open_page):
    credit(ana, 3, "first")
    page = open_page(ana, "balance_chip,balance,nonsense")
    assert page.answer.status == 200
    assert page.answer.headers["Content-Type"].startswith("text/event-stream")
    assert 'hx-target="#balance-chip"' in (chip := page.read()) and "3.00" in chip
    assert 'id="balance"' in page.read()


def test_what_is_pushed_arrives(ana, open_page):
    page = open_page(ana)
    page.read()
    credit(ana, 5, "second")
    live.push(ana.id, "balance_chip")
    assert "5.00" in page.read()


def test_a_member_is_listening_as_long_as_a_page_of_his_is_open(ana, bruno, open_page, monkeypatch):
    monkeypatch.setattr(stream_module, "HEARTBEAT", 3600)  # which would notice that it was closed, later
    assert live.listening([ana.id, bruno.id]) == []
    pages = [open_page(ana), open_page(ana)]
    assert live.listening([ana.id, bruno.id]) == [ana.id]
    for page, left in zip(pages, ([ana.id], []), strict=True):
        page.close()
        _until(lambda left=left: len(hub.streams.get(ana.id, ())) == len(left))
        _until(lambda left=left: live.listening([ana.id]) == left)


def test_a_page_is_heard_before_its_first_blocks_are_read(ana, open_page, monkeypatch):
    seen, show = [], live.show
    monkeypatch.setattr(live, "show", lambda *asked: seen.append(live.listening([ana.id])) or show(*asked))
    open_page(ana).read()
    assert seen == [[ana.id]]


def _until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_page_gets_only_its_members_fragments(ana, bruno, open_page):
    page = open_page(ana)
    page.read()
    live.push(bruno.id, "balance_chip")
    credit(ana, 1, "own")
    live.push(ana.id, "balance_chip")
    assert "1.00" in page.read()


def test_a_page_gets_only_what_it_shows(ana, open_page):
    page = open_page(ana)
    page.read()
    live.push(ana.id, "balance", "balance_chip")
    assert 'hx-target="#balance-chip"' in page.read()


def test_a_stream_without_news_beats(ana, open_page, monkeypatch):
    assert stream_module.HEARTBEAT == 15
    monkeypatch.setattr(stream_module, "HEARTBEAT", 0.1)
    page = open_page(ana)
    page.read()
    assert [page.answer.readline() for _ in range(4)] == [b": heartbeat\n", b"\n"] * 2


def test_the_sixth_stream_ends_the_oldest_for_good(ana, open_page):
    pages = [open_page(ana) for _ in range(6)]
    assert "event: close" in pages[0].read_until("close")
    assert pages[0].read() == ""
    live.push(ana.id, "balance_chip")
    for page in pages[1:]:
        page.read()
        assert "hx-partial" in page.read()


def test_the_sixth_stream_ends_the_oldest_in_another_process(app, ana, cookie, open_page):
    pages = [open_page(ana) for _ in range(2)]
    cookie(ana)
    elsewhere = Hub()
    with app.test_request_context():
        streams = [elsewhere.open(app, ana, ["balance_chip"], {}) for _ in range(4)]
    try:
        assert "event: close" in pages[0].read_until("close")
        live.push(ana.id, "balance_chip")
        pages[1].read()
        assert "hx-partial" in pages[1].read()
    finally:
        for stream in streams:
            stream.close()


def test_streams_of_a_process_that_died_do_not_count(app, ana, cookie, open_page):
    queue.redis.zadd(f"live-streams:{ana.id}", {f"dead:{number}": number for number in range(1, 6)})
    page = open_page(ana)
    page.read()
    assert queue.redis.zcard(f"live-streams:{ana.id}") == 1
    live.push(ana.id, "balance_chip")
    assert "hx-partial" in page.read()


def test_a_page_that_was_left_does_not_count(ana, open_page):
    first = open_page(ana)
    first.read()
    for _ in range(5):
        open_page(ana).close()
    live.push(ana.id, "balance_chip")
    assert "hx-partial" in first.read()


def test_an_older_rendering_does_not_replace_a_newer_one(ana, open_page):
    page = open_page(ana)
    page.read()
    news = '{{"name": "balance_chip", "order": {}, "html": "{}"}}'
    now = live.moment()
    queue.redis.publish(live.channel(ana.id), news.format(now, "newer"))
    assert "newer" in page.read()
    queue.redis.publish(live.channel(ana.id), news.format(now - 1, "older"))
    queue.redis.publish(live.channel(ana.id), news.format(now + 1, "newest"))
    assert "newest" in page.read()


def test_a_page_that_does_not_read_keeps_one_message_a_fragment(app, ana, cookie):
    cookie(ana)
    with app.test_request_context():
        stream = hub.open(app, ana, ["balance", "balance_chip"], {})
    try:
        for order in range(stream.opened, stream.opened + 1000):
            stream.put("balance", order, message(f"balance {order}"))
            stream.put("balance_chip", order, message("chip"))
        kept = next(stream)
        assert kept.count(b"balance ") == 1 and kept.count(b"chip") == 1
        assert f"balance {stream.opened + 999}".encode() in kept
    finally:
        stream.close()


def test_a_restart_of_redis_heals_by_itself(ana, open_page, services):
    page = open_page(ana)
    page.read()
    redis = services[1]
    redis.stop()
    credit(ana, 7, "meanwhile")
    live.push(ana.id, "balance_chip")
    redis.start()
    assert "7.00" in page.read_until("7.00")
    credit(ana, 1, "after")
    live.push(ana.id, "balance_chip")
    assert "8.00" in page.read_until("8.00")


def test_five_pages_stay_open_over_a_restart_of_redis(ana, open_page, services):
    pages = [open_page(ana) for _ in range(5)]
    for page in pages:
        page.read()
    services[1].stop()
    credit(ana, 7, "meanwhile")
    services[1].start()
    for page in pages:
        assert "7.00" in page.read_until("7.00")
    time.sleep(0.5)  # what is too much is ended after the pages are healed
    credit(ana, 1, "after")
    live.push(ana.id, "balance_chip")
    assert ["8.00" in page.read_until("8.00") for page in pages] == [True] * 5


def test_without_redis_the_first_blocks_come_and_five_streams_stay(ana, port, cookie, services):
    kept = cookie(ana)
    services[1].stop()
    pages = []
    try:
        pages = [Page(port, kept) for _ in range(6)]
        assert [page.answer.status for page in pages] == [200] * 6
        assert all("hx-partial" in page.read() for page in pages)
        assert "event: close" in pages[0].read()
    finally:
        services[1].start()
        for page in pages:
            page.close()


def test_without_a_sign_in_there_is_no_stream(client):
    assert client.get("/live?show=balance").status_code == 401


def test_a_page_whose_sign_in_ended_is_told_when_it_comes_back(client):
    answer = client.get("/live?show=balance", headers={"Last-Event-ID": "1"})
    assert answer.status_code == 200
    assert b"event: close" in answer.data


def test_a_stream_ends_with_its_sign_in(ana, open_page):
    page = open_page(ana)
    page.read()
    with transaction():
        sessions.close_all_sessions(ana)
    hub._end_signed_out()
    assert "event: close" in page.read()


def test_a_stream_goes_on_under_the_next_token_of_its_sign_in(ana, open_page):
    page = open_page(ana)
    page.read()
    with transaction():
        sessions.prove(ana.session_token)
    hub._end_signed_out()
    assert len(hub._all()) == 1


def test_an_endless_list_of_names_is_cut(ana, open_page):
    page = open_page(ana, ",".join(["operation:1" * 9] * 200 + ["balance_chip"]))
    assert page.answer.status == 200
    live.push(ana.id, "balance_chip")
    time.sleep(0.2)
    assert not any("balance_chip" in stream.orders for stream in hub._all())


def test_an_open_stream_holds_no_database_connection(ana, open_page):
    from lms.db import db

    page = open_page(ana)
    page.read()
    db.session.remove()
    assert db.engine.pool.checkedout() == 0


def test_a_stream_whose_first_blocks_fail_does_not_count(client, ana, log_in, monkeypatch):
    def broken(*_):
        raise RuntimeError("no such block")

    log_in(ana)
    monkeypatch.setattr(live, "show", broken)
    assert client.get("/live?show=balance").status_code == 500
    assert ana.id not in hub.streams
