"""Commands that die by SIGKILL where they must not lose anything, each in a process of its own."""

import itertools
import os
import signal

from web3 import HTTPProvider

from lms import create_app
from lms.chain import custodial_keys
from lms.jobs import keys


def deploy(when, number):
    """`flask chain deploy`, around one of its broadcasts. "before": its bytes are kept and no node has seen them. "after": a node took them and nobody was told."""
    ask, broadcasts = HTTPProvider.make_request, itertools.count(1)

    def asking(provider, method, params):
        is_last = method == "eth_sendRawTransaction" and next(broadcasts) == number
        if is_last and when == "before":
            _die()
        answer = ask(provider, method, params)
        if is_last:
            _die()
        return answer

    HTTPProvider.make_request = asking
    _command("chain", "deploy")


def rotate(number):
    """`flask keys rotate`, while it rewraps its so-manieth wallet, in batches of two."""
    rewrap, calls = custodial_keys.rewrap, itertools.count(1)

    def rewrapping(*given):
        if next(calls) == number:
            _die()
        return rewrap(*given)

    keys.BATCH, custodial_keys.rewrap = 2, rewrapping
    _command("keys", "rotate")


def _command(*words):
    create_app("cli").test_cli_runner().invoke(args=words)


def _die():
    os.kill(os.getpid(), signal.SIGKILL)
