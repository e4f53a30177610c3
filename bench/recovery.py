"""From a reorganisation, and from the death of the first endpoint, to every page right again: in a whole demo, by its own clockwork."""

import re
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from typing import NamedTuple

from sqlalchemy import select

from bench.house import make_app
from bench.measure import Figure
from bench.people import cookie, member
from bench.purchase import open_wallets
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.onchain.models import Attempt, Entry
from lms.queue import enqueue
from rig import Refusal
from rig.demo import Demo
from tests.faults.proxy import Lost, Proxy

ROUNDS = 3
MEMBERS = 3  # rewarded one block after the other
DEPTH = 3  # blocks
LONGEST = 60  # seconds

_WALLET = re.compile(r"(?:on chain|final) · block ([\d,]+)")
_OPERATION = re.compile(r"<dt>Block</dt><dd class=\"money\">([\d,]+)</dd>")
_DONE = re.compile(r"<span class=\"state done\">(on chain|final)</span>")


def figures():
    with ExitStack() as stack:
        demo, first = _demo(stack)
        stack.enter_context(make_app(demo.web_env).app_context())
        with transaction():
            site = Site(demo, cookie(member("desk", role="admin")))
        pages = [page for number in range(ROUNDS) for page in _rewarded(site, f"reorg{number}")]
        reorg = max(_reorganised(site, _rewarded(site, f"again{number}") + pages) for number in range(ROUNDS))
        dead = _without(first, site, pages)
    return [Figure("recovery.reorg_s", reorg, "s", 15), Figure("recovery.dead_rpc_s", dead, "s", 15)]


def _demo(stack):
    """A demo that asks its node through an endpoint that may die, then itself."""
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True))
    demo = Demo(directory, durable=False, pace=1)
    first = Endpoint(demo.anvil.url)
    stack.callback(first.die)
    demo.extra_env["RPC_URLS"] = f"{first.url},{demo.anvil.url}"
    stack.callback(demo.remove)
    demo.start()
    return demo, first


class Endpoint:
    """A way to the node. Dead, it refuses whoever connects and cuts off whoever was connected."""

    def __init__(self, node):
        self.is_dead = False
        self.proxy = Proxy(node, self._answer)
        self.url = self.proxy.url

    def die(self):
        if not self.is_dead:
            self.is_dead = True
            self.proxy.close()

    def _answer(self, method, forward):
        if self.is_dead:
            raise Lost
        return forward()


class Site(NamedTuple):
    """`admin`: the cookie of one."""

    demo: Demo
    admin: str


class Pages:
    """A member's wallet, the operation that brought his reward, and its row in the admin's list."""

    def __init__(self, site, user):
        self.site, self.user_id = site, user.id
        self.holder_id, self.cookie = books.holder_of(user.id).id, cookie(user)

    def reward(self):
        with transaction():
            account = books.member(self.user_id, TEO, "available")
            ledger.post(f"bench:{self.user_id}", books.platform(TEO, "issuance"), account, 1_000, "lesson", evidence={"lesson": "A lesson", "course": "A course"})
        enqueue("settlement.settle")

    @property
    def block(self):
        """Where the node has its transaction, or None."""
        rows = select(Attempt.tx_hash, Attempt.operation_id).join(Entry, Entry.operation_id == Attempt.operation_id)
        for tx_hash, operation_id in db.session.execute(rows.where(Entry.holder_id == self.holder_id)):
            self.operation_id = operation_id
            if receipt := self.site.demo.anvil.call("eth_getTransactionReceipt", tx_hash):
                return int(receipt["blockNumber"], 16)
        return None

    @property
    def are_right(self):
        """Whether all say that it is on the chain, and in which block those that name it."""
        db.session.rollback()
        block = self.block
        if block is None or not self._is_listed_as_done:
            return False
        return self._shown("/wallet", _WALLET) == self._shown(f"/operations/{self.operation_id}", _OPERATION) == block

    @property
    def _is_listed_as_done(self):
        rows = self._page("/admin/operations", self.site.admin).split("<tr>")
        return any(f'/operations/{self.operation_id}"' in row and _DONE.search(row) for row in rows)

    def _shown(self, path, block):
        found = block.search(self._page(path, self.cookie))
        return int(found[1].replace(",", "")) if found else None

    def _page(self, path, cookie):
        request = urllib.request.Request(f"{self.site.demo.url}{path}", headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=LONGEST) as answer:
            return answer.read().decode()


def _rewarded(site, name):
    """Pages of members whose rewards stand in blocks one after the other."""
    with transaction():
        users = [member(f"{name}-{number}") for number in range(MEMBERS)]
        pages = [Pages(site, user) for user in users]
    open_wallets(users)
    for page in pages:
        page.reward()
        _seconds_until_right([page])
    return pages


def _reorganised(site, pages):
    """Seconds from the moment at which the newest blocks are empty and their transactions nowhere."""
    began = time.monotonic()
    site.demo.anvil.call("anvil_reorg", DEPTH, [])
    if all(page.block for page in pages):
        raise Refusal("The reorganisation took no transaction with it: there is nothing to recover from.")
    return _seconds_until_right(pages, began)


def _without(first, site, pages):
    """Seconds from the death of the first endpoint until what is earned in that moment stands on the chain and all pages say so."""
    with transaction():
        users = [member(f"late-{number}") for number in range(MEMBERS)]
        late = [Pages(site, user) for user in users]
    open_wallets(users)
    began = time.monotonic()
    first.die()
    for page in late:
        page.reward()
    return _seconds_until_right([*pages, *late], began)


def _seconds_until_right(pages, began=None):
    began = began or time.monotonic()
    while not all(page.are_right for page in pages):
        if time.monotonic() - began > LONGEST:
            raise Refusal(f"The pages were not right within {LONGEST} seconds.")
        time.sleep(0.1)
    return time.monotonic() - began
