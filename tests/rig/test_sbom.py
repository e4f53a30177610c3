"""The list of libraries holds every one that is locked, each once."""

import json
import re
import subprocess
import sys

from rig import ROOT


def test_every_locked_package_is_listed_once_with_its_version():
    listed = json.loads(subprocess.run([sys.executable, ROOT / "bin/sbom.py"], capture_output=True, text=True, check=True).stdout)["components"]
    assert len({each["purl"] for each in listed}) == len(listed)
    of_python = [each for each in listed if each["purl"].startswith("pkg:pypi/")]
    locked = {line.split("==")[0] for lock in ROOT.glob("**/requirements.lock") if "node_modules" not in str(lock) and ".venv" not in str(lock) for line in lock.read_text().splitlines() if re.match(r"[a-z]", line)}
    assert {each["name"] for each in of_python} == {name.partition("[")[0] for name in locked}
    in_node = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {each["name"] for each in listed} - {each["name"] for each in of_python} == {place.rpartition("node_modules/")[2] for place in in_node if place}
