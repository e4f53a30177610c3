"""A node with a door that can fail, and a whole world to break."""

import json
import urllib.request

import pytest

from rig.services import Anvil
from tests.faults.proxy import Faults, Proxy
from tests.faults.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def anvil(tmp_path_factory):
    with Anvil(tmp_path_factory.mktemp("anvil")) as node:
        yield node
        node.remove()


@pytest.fixture
def door(anvil):
    """Faults before the node; door.ask(method, …) is the whole answer of whoever stands there."""
    faults = Faults()
    proxy = Proxy(anvil.url, faults)

    def ask(method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
        request = urllib.request.Request(proxy.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=0.5) as answer:
            return json.load(answer)

    faults.ask = ask
    yield faults
    proxy.close()
