"""Run every test there is: style and layers, contracts, and all that pytest finds."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rig import ROOT, Refusal, setup, tools
from rig.services import PATTERN
from rig.terminal import run, say

# Four processes share the tests, as two wait often, each with services of its own; tests/conftest.py says which stay together and which go first.
SIDE_BY_SIDE = ["-n", "4", "--no-loadscope-reorder"]
# OpenZeppelin's code is audited elsewhere; what slither finds in ours is mended or explained where it stands.
SLITHER = ["--compile-force-framework", "foundry", "--filter-paths", "node_modules/@openzeppelin"]
# slither compiles without the tests and wants a folder of its own for it, or forge would compile all anew afterwards.
_BESIDE = {"FOUNDRY_OUT": "contracts/out/slither", "FOUNDRY_CACHE_PATH": "contracts/cache/slither"}
# The bound of what halmos shows stands in the contract; the solver comes with the analysers.
_PATIENCE = ["--solver-timeout-assertion", "10m"]  # by the clock: on a busy machine a minute is too short for a few of them
HALMOS = ["--contract", "SettleSymbolic", "--forge-build-out", "contracts/out/symbolic", "--solver", "yices", *_PATIENCE]
_OPTIMIZED = {"FOUNDRY_PROFILE": "symbolic"}


class Step(NamedTuple):
    name: str
    command: list
    extra: dict | None = None  # environment


class Outcome(NamedTuple):
    name: str
    passed: bool
    seconds: float
    said: str | None


def main():
    """Run all steps even when one fails, and end with what failed. The contracts' run beside the others, and show at the end what they said."""
    shuffled, arguments = _asked(sys.argv[1:])
    _need_chromium()
    with tempfile.TemporaryDirectory(prefix="lms-pattern-") as directory, ThreadPoolExecutor(max_workers=1) as beside:
        os.environ[PATTERN] = f"{directory}/cluster"
        contracts = beside.submit(lambda: [do(step, subprocess.PIPE) for step in _contracts()])
        outcomes = [do(step) for step in [*style(), _pytest([*shuffled, *arguments])]] + contracts.result()
    if shuffled:
        say(f"== random order: make test SEED={shuffled[-1]} repeats it")
    conclude(outcomes)
    say("\nAll tests passed.")


def conclude(outcomes):
    """Say what each step came to; a refusal names those that failed."""
    for outcome in outcomes:
        if outcome.said:
            say(f"\n{outcome.said}")
        say(f"== {outcome.name} {'passed' if outcome.passed else 'FAILED'} after {outcome.seconds:.0f} s")
    if failed := [outcome.name for outcome in outcomes if not outcome.passed]:
        raise Refusal(f"FAILED: {', '.join(failed)}")


def _asked(words):
    """(what shuffles the tests, what goes to pytest) of ORDER=random, which draws a seed, or SEED=…, which repeats the order it made, and what follows."""
    given = dict.fromkeys(("ORDER", "SEED"), "")
    while words and words[0].partition("=")[0] in given:
        name, _, given[name] = words.pop(0).partition("=")
    if given["ORDER"] not in ("", "random") or not re.fullmatch(r"\d*", given["SEED"]):
        raise Refusal("The order of the tests is the usual one, or random: make test ORDER=random, or make test SEED=7 for that of a seed.")
    if any(given.values()):
        return ["-p", "randomly", "--randomly-seed", given["SEED"] or str(random.getrandbits(32))], words
    return [], words


def style():
    """What is read and not run; `make lint` does these alone."""
    scripts = tools.VENV / "bin"
    return [
        Step("style", [scripts / "ruff", "check", "."]),
        Step("layers", [scripts / "lint-imports"]),
        Step("types", [scripts / "mypy"]),
        Step("dead code", [scripts / "vulture"]),
        Step("packages", [tools.PYTHON, "-m", "rig.needs"]),
        Step("templates", [scripts / "djlint", "lms/templates", "--lint", "--quiet"]),
    ]


def _pytest(arguments):
    return Step("pytest", [tools.PYTHON, "-m", "pytest", *SIDE_BY_SIDE, *arguments])


def _contracts():
    """The analysers are fetched when they are needed, while the tests of the house go on."""
    yield Step("contracts", [tools.forge(), "test"])
    setup.analysers()
    yield Step("slither", [tools.analyser("slither"), ".", *SLITHER], _BESIDE)
    yield Step("halmos", [tools.analyser("halmos"), *HALMOS], _OPTIMIZED)


def do(step, output=None):
    """Run it; what it says is shown at once, or kept when `output` is a pipe."""
    began = time.monotonic()
    environment = {**_environment(), **(step.extra or {})}
    streams = dict(stdin=subprocess.DEVNULL, stdout=output, stderr=output and subprocess.STDOUT, text=True)
    ended = subprocess.run(step.command, check=False, cwd=ROOT, env=environment, **streams)
    return Outcome(step.name, ended.returncode == 0, time.monotonic() - began, ended.stdout)


def _environment():
    """The caller's, without what would reach our processes by chance. forge's compiler is a script for node; slither and
    halmos call forge, and halmos its solver."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "RPC_URLS", "PYTHONDONTWRITEBYTECODE")}
    ours = [Path(tools.node()).parent, Path(tools.forge()).parent, tools.ANALYSERS / "bin"]
    return {**kept, "PATH": os.pathsep.join([*(str(path) for path in ours), os.environ["PATH"]])}


def _need_chromium():
    """Where we may, the build that is made for tests; another one that is there will do."""
    if not shutil.which("chromium-headless-shell") and os.geteuid() == 0 and _is_debian() and shutil.which("apt-get"):
        say("Installing Chromium")
        quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium-headless-shell"]):
            subprocess.run(["apt-get", *command], check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, **quiet)
    if not tools.chromium():
        raise Refusal(
            "Chromium is missing, and the browser tests need it: run `sudo apt-get install chromium-headless-shell` "
            "(or what your system has for it), then the same command again."
        )


def _is_debian():
    release = Path("/etc/os-release")
    return release.exists() and "ID=debian" in release.read_text().splitlines()


if __name__ == "__main__":
    run(main)
