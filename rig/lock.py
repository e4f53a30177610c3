"""Write the locks anew from what asks for packages, for every supported Python and platform."""

import subprocess

from rig import ROOT, Refusal, tools
from rig.terminal import run

PRECISE = ["--universal", "--python-version=3.11", "--generate-hashes"]
LOCKS = {
    "requirements.lock": ["--all-extras", "setup.cfg"],
    "contracts/requirements.lock": ["contracts/requirements.in"],
    "rig/requirements.lock": ["rig/requirements.in"],
    "tests/mutants/requirements.lock": ["tests/mutants/requirements.in"],
}
BARE = ["--no-emit-index-url", "--no-annotate", "--no-header", "--quiet"]


def main():
    uv = [tools.VENV / "bin" / "uv", "pip", "compile", *PRECISE, *BARE]
    if not uv[0].exists():
        raise Refusal("uv is missing, which writes the locks: run .venv/bin/python -m pip install uv")
    for lock, sources in LOCKS.items():
        subprocess.run([*uv, "--output-file", lock, *sources], check=True, cwd=ROOT)


if __name__ == "__main__":
    run(main)
