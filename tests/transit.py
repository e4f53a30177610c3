"""A vault with a transit engine: the real one where `bao` or `vault` is on the PATH, else a server that speaks its protocol."""

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hvac
import pytest
import requests
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rig.services import free_port

TOKEN = "a-token-for-tests-only"
KEYS = ("teo", "other")


@pytest.fixture(scope="session")
def vault():
    """The address of a vault whose engine `transit` holds two keys, for TOKEN."""
    real = shutil.which("bao") or shutil.which("vault")
    with Real(real) if real else Fake() as url:
        yield url


class Real:
    def __init__(self, program):
        address = f"127.0.0.1:{free_port()}"
        self._command, self._url = [program, "server", "-dev", f"-dev-root-token-id={TOKEN}", f"-dev-listen-address={address}"], f"http://{address}"

    def __enter__(self):
        self._child = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": "/tmp"})
        client = hvac.Client(url=self._url, token=TOKEN)
        _until(lambda: client.sys.is_initialized() and not client.sys.is_sealed())
        client.sys.enable_secrets_engine("transit")
        for name in KEYS:
            client.secrets.transit.create_key(name)
        return self._url

    def __exit__(self, *_):
        self._child.terminate()
        self._child.wait(10)


class Fake:
    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Transit)
        self._server.keys = {name: AESGCM(AESGCM.generate_key(256)) for name in KEYS}
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Transit(BaseHTTPRequestHandler):
    """POST /v1/transit/encrypt/KEY and /v1/transit/decrypt/KEY, with the answers a vault gives."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _, version, mount, deed, name = self.path.split("/")
        if self.headers.get("X-Vault-Token") != TOKEN:
            return self._answer(403, errors=["permission denied"])
        if (version, mount) != ("v1", "transit"):
            return self._answer(404, errors=[f'no handler for route "{mount}/{deed}/{name}"'])
        if name not in self.server.keys:
            return self._answer(400, errors=["encryption key not found"])
        bound_to = base64.b64decode(asked.get("associated_data", ""))
        return {"encrypt": self._encrypt, "decrypt": self._decrypt}[deed](self.server.keys[name], asked, bound_to)

    def _encrypt(self, key, asked, bound_to):
        nonce = os.urandom(12)
        sealed = nonce + key.encrypt(nonce, base64.b64decode(asked["plaintext"]), bound_to)
        self._answer(200, data={"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}", "key_version": 1})

    def _decrypt(self, key, asked, bound_to):
        prefix, _, text = asked["ciphertext"].rpartition(":")
        if prefix != "vault:v1":
            return self._answer(400, errors=["invalid ciphertext: no prefix"])
        sealed = base64.b64decode(text)
        try:
            plain = key.decrypt(sealed[:12], sealed[12:], bound_to)
        except InvalidTag:
            return self._answer(400, errors=["cipher: message authentication failed"])
        return self._answer(200, data={"plaintext": base64.b64encode(plain).decode()})

    def _answer(self, status, **body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_PUT = do_POST

    def log_message(self, *_):
        pass


def _until(is_so, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if is_so():
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise TimeoutError("the vault does not start")
