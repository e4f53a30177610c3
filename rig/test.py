"""Run every test there is: style and layers, contracts, and all that pytest finds."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rig import ROOT, Refusal, setup, tools
from rig.terminal import run, say

# OpenZeppelin's code is audited elsewhere; what slither finds in ours is mended or explained where it stands.
SLITHER = ["--compile-force-framework", "foundry", "--filter-paths", "node_modules/@openzeppelin"]
# The same command without --check writes the snapshot anew, when a change of gas is meant.
GAS = ["--match-contract", "^GasTest$", "--snap", "contracts/.gas-snapshot", "--check"]
# slither compiles without the tests and wants a folder of its own for it, or forge would compile all anew afterwards.
_BESIDE = {"FOUNDRY_OUT": "contracts/out/slither", "FOUNDRY_CACHE_PATH": "contracts/cache/slither"}
# The bound of what halmos shows stands in the contract; the solver comes with the analysers.
HALMOS = ["--contract", "SettleSymbolic", "--forge-build-out", "contracts/out", "--solver", "yices"]


def main():
    """Run all steps even when one fails, and end with what failed."""
    _need_chromium()
    setup.analysers()
    failed = [name for name, command, extra in _steps(sys.argv[1:]) if not _passes(name, command, extra)]
    if failed:
        raise Refusal(f"FAILED: {', '.join(failed)}")
    say("\nAll tests passed.")


def _steps(arguments):
    scripts = tools.VENV / "bin"
    return [
        ("style", [scripts / "ruff", "check", "."], {}),
        ("layers", [scripts / "lint-imports"], {}),
        ("contracts", [tools.forge(), "test"], {}),
        ("gas", [tools.forge(), "snapshot", *GAS], {}),
        ("slither", [tools.analyser("slither"), ".", *SLITHER], _BESIDE),
        ("halmos", [tools.analyser("halmos"), *HALMOS], {}),
        ("pytest", [tools.PYTHON, "-m", "pytest", *arguments], {}),
    ]


def _passes(name, command, extra):
    say(f"\n== {name}")
    began = time.monotonic()
    environment = {**_environment(), **extra}
    status = subprocess.run(command, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode
    say(f"== {name} {'FAILED' if status else 'passed'} after {time.monotonic() - began:.0f} s")
    return status == 0


def _environment():
    """The caller's, without what would reach our processes by chance. forge's compiler is a script for node; slither and
    halmos call forge, and halmos its solver."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "RPC_URLS")}
    ours = [Path(tools.node()).parent, Path(tools.forge()).parent, tools.ANALYSERS / "bin"]
    return {**kept, "PATH": os.pathsep.join([*(str(path) for path in ours), os.environ["PATH"]])}


def _need_chromium():
    if tools.chromium():
        return
    if os.geteuid() == 0 and _is_debian() and shutil.which("apt-get"):
        say("Installing Chromium")
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(
                command,
                check=False,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
    if not tools.chromium():
        raise Refusal(
            "Chromium is missing, and the browser tests need it: run `sudo apt-get install chromium` "
            "(or what your system has for it), then the same command again."
        )


def _is_debian():
    release = Path("/etc/os-release")
    return release.exists() and "ID=debian" in release.read_text().splitlines()


if __name__ == "__main__":
    run(main)
