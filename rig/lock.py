"""Write requirements.lock anew from setup.cfg, for every supported Python and platform."""

import subprocess
import sys
import tempfile
from pathlib import Path

from rig import ROOT
from rig.terminal import run

PRECISE = ["--universal", "--python-version=3.11", "--all-extras", "--generate-hashes"]
BARE = ["--no-emit-index-url", "--no-annotate", "--no-header", "--quiet"]


def main():
    """uv lives only as long as this command: nothing else needs it."""
    with tempfile.TemporaryDirectory() as directory:
        python = Path(directory, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "uv"], check=True)
        uv = [python, "-m", "uv", "pip", "compile", *PRECISE, *BARE]
        subprocess.run([*uv, "--output-file", "requirements.lock", "setup.cfg"], check=True, cwd=ROOT)


if __name__ == "__main__":
    run(main)
