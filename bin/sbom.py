"""Every package that set-up installs, from the locks, as one CycloneDX 1.6 list: python bin/sbom.py > sbom.json. `make sbom`."""

import json
import re
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "contracts/requirements.lock", "rig/requirements.lock", "tests/mutants/requirements.lock")
_PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,.-]+\])?==([\w.+!-]+)", re.MULTILINE)


def main():
    components = sorted({*_of_python(), *_of_node()})
    listed = [{"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl} for name, version, purl in components]
    print(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": listed}, indent=1))


def _of_python():
    for lock in LOCKS:
        for name, version in _PINNED.findall((ROOT / lock).read_text()):
            yield name, version, f"pkg:pypi/{name.lower()}@{version}"


def _of_node():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for place, facts in packages.items():
        if place:  # "" is the platform itself
            name = facts.get("name") or place.rpartition("node_modules/")[2]
            yield name, facts["version"], f"pkg:npm/{quote(name)}@{facts['version']}"


if __name__ == "__main__":
    main()
