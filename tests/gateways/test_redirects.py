"""Who is asked by the settings answers itself: where he sends us instead we do not go, as what we send is for him alone."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lms.chain.errors import KeyServiceDown
from lms.chain.rpc_endpoint import Endpoint, Health
from lms.chain.vault_transit import VaultKek
from lms.errors import Unavailable
from lms.gateways.stripe_client import client, errors
from tests.stripe_server import KEY


@pytest.fixture
def elsewhere():
    """The address of a server that sends everybody on, and the paths it was asked for."""
    asked = []

    class SendsOn(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_POST

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), SendsOn) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_stripes_key_is_not_carried_on(elsewhere):
    url, asked = elsewhere
    with pytest.raises(Unavailable), errors("a page"):
        client(KEY, url, 2).v1.refunds.retrieve("re_1")
    assert asked and "/elsewhere" not in asked


def test_what_a_node_is_asked_is_not_carried_on(elsewhere):
    url, asked = elsewhere
    answer, problem = Endpoint(url, "one", 31337, 2, Health(), lambda *_: None).ask(lambda web3: web3.eth.block_number)
    assert answer is None and "TooManyRedirects" in str(problem)
    assert asked and "/elsewhere" not in asked


def test_what_a_vault_shall_wrap_is_not_carried_on(elsewhere):
    url, asked = elsewhere
    with pytest.raises(KeyServiceDown, match="the vault answers something else: 307"):
        VaultKek("transit/teo", url, "token").wrap(b"k" * 32, b"7")
    assert asked and "/elsewhere" not in asked
