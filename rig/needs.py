"""What is imported is asked for in setup.cfg, and what is asked for is imported: deptry, to which setup.cfg is said as it reads no such file.

The application imports only what is asked for it and its worker; what stands around it, the packages of the demo and of the tests too."""

import configparser
import subprocess
import tempfile
from pathlib import Path

from rig import ROOT, Refusal, tools
from rig.terminal import run


def main():
    asked = read()
    application = asked["install_requires"] | asked["worker"]
    around = application | asked["demo"] | asked["test"]
    if not all([_agree("lms", application), _agree(".", around)]):
        raise Refusal("setup.cfg and the imports differ, as said above.")


def read():
    """{list in setup.cfg: the packages it asks for}"""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lists = {"install_requires": setup["options"]["install_requires"], **setup["options.extras_require"]}
    return {name: set(text.split()) for name, text in lists.items()}


def _agree(folder, packages):
    with tempfile.TemporaryDirectory() as directory:
        asked = Path(directory) / "setup.cfg"
        asked.write_text("\n".join(sorted(packages)))
        return not subprocess.run([tools.VENV / "bin" / "deptry", folder, "--requirements-files", asked], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    run(main)
