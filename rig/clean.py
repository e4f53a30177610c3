"""Remove the demo's data and what set-up made."""

import shutil

from rig import ROOT, VAR
from rig.services import remove_copied_programs
from rig.setup import PASSWORDS, VENDOR
from rig.terminal import run
from rig.tools import ANALYSERS, MUTATORS


def main():
    cluster = VAR / "demo" / "postgres" / "cluster"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve(), ignore_errors=True)
    for path in (VAR, VENDOR, ROOT / ".venv", ANALYSERS, MUTATORS, ROOT / "node_modules", *(ROOT / "contracts" / name for name in ("build", "out", "cache"))):
        shutil.rmtree(path, ignore_errors=True)
    for catalogue in (ROOT / "lms" / "translations").rglob("*.mo"):
        catalogue.unlink()
    (ROOT / PASSWORDS).unlink(missing_ok=True)
    remove_copied_programs()


if __name__ == "__main__":
    run(main)
