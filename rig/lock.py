"""Write the locks anew from what asks for packages, for every supported Python and platform."""

import subprocess
import sys
import tempfile
from pathlib import Path

from rig import ROOT
from rig.terminal import run

PRECISE = ["--universal", "--python-version=3.11", "--generate-hashes"]
LOCKS = {
    "requirements.lock": ["--all-extras", "setup.cfg"],
    "contracts/requirements.lock": ["contracts/requirements.in"],
}
BARE = ["--no-emit-index-url", "--no-annotate", "--no-header", "--quiet"]


def main():
    """uv lives only as long as this command: nothing else needs it."""
    with tempfile.TemporaryDirectory() as directory:
        python = Path(directory, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "uv"], check=True)
        uv = [python, "-m", "uv", "pip", "compile", *PRECISE, *BARE]
        for lock, sources in LOCKS.items():
            subprocess.run([*uv, "--output-file", lock, *sources], check=True, cwd=ROOT)


if __name__ == "__main__":
    run(main)
