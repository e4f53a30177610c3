"""`make bench`: measure all, or the parts named; print a table and write results.json beside this file."""

import json
import signal
import sys
from importlib import import_module
from pathlib import Path

from bench.measure import table
from rig import Refusal
from rig.terminal import run, say

# part → the module whose figures() measures it
PARTS = {name: f"bench.{name}" for name in ("pages", "catalogue", "sse", "purchase", "start", "gas", "pipeline", "recovery", "desk", "backtest")}
RESULTS = Path(__file__).with_name("results.json")


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a plain kill cleans up as Ctrl-C does
    figures = [figure for part in _chosen(sys.argv[1:]) for figure in _measured(part)]
    RESULTS.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2) + "\n")
    say(f"\n{table(figures)}")


def _chosen(names):
    for name in names:
        if name not in PARTS:
            raise Refusal(f"The bench has no part called {name!r}. Its parts are {', '.join(PARTS)}: for instance make bench ONLY=sse")
    return names or list(PARTS)


def _measured(part):
    say(f"Measuring {part}")
    return import_module(PARTS[part]).figures()


if __name__ == "__main__":
    run(main)
