"""What a page that reads nothing costs the process that feeds it, and the pages beside it."""

import json
import socket
import time

from playwright.sync_api import expect
from redis import Redis

from lms import live
from rig.process import resident, session

NEWS, SIZE = 200, 200_000  # forty megabytes in all, much more than sockets hold


def test_a_page_that_reads_nothing_takes_no_memory_and_keeps_no_other_waiting(site, newcomer, window, ask):
    page, silent = window(newcomer), open_and_read_nothing(site, newcomer)
    page.goto("/wallet")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    ((user_id,),) = ask("SELECT id FROM users WHERE email = %s", newcomer.email)
    with Redis.from_url(site.redis.url) as redis, silent:

        def push(numbers):
            for number in numbers:
                redis.publish(live.channel(user_id), balance(f"{number}.00 TEO", filling="x" * SIZE))
                time.sleep(0.01)
            expect(page.locator("#balance-chip")).to_have_text(f"{numbers[-1]}.00 TEO")

        push(range(1, NEWS + 1))  # what handling so much takes once is not given back
        before = memory(site.web)
        push(range(NEWS + 1, 2 * NEWS + 1))
        assert memory(site.web) - before < NEWS * SIZE / 2


def open_and_read_nothing(site, member):
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in member.cookies)
    connection = socket.create_connection(("127.0.0.1", site.port))
    connection.sendall(f"GET /live?show=balance HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nCookie: {cookies}\r\n\r\n".encode())
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


def balance(shown, filling):
    html = f'<hx-partial hx-target="#balance-chip" hx-swap="outerMorph"><span id="balance-chip">{shown}</span><!--{filling}--></hx-partial>'
    return json.dumps({"name": "balance", "order": time.time_ns() // 1000, "html": html})


def memory(process):
    """Bytes of this process and all it has started."""
    return sum(resident(pid) for pid in session(process.pid))
