"""`flask chain deploy` that dies by SIGKILL around one of its broadcasts: `python -m tests.jobs.mortal before|after NUMBER`.

"before": its bytes are kept and no node has seen them. "after": a node took them and nobody was told."""

import itertools
import os
import signal
import sys

from flask.cli import FlaskGroup
from web3 import HTTPProvider

from lms import create_app


def main():
    when, number = sys.argv[1], int(sys.argv[2])
    _set_trap(when, number)
    FlaskGroup(create_app=lambda: create_app("cli"), load_dotenv=False).main(("chain", "deploy"))


def _set_trap(when, number):
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


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
