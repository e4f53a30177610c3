"""Each package we ask for has its line in docs/dependencies.md, and each line its package."""

import json
import re

from rig import ROOT, needs

LINES = [line.strip("| ").split(" | ") for line in (ROOT / "docs" / "dependencies.md").read_text().splitlines() if re.match(r"\| (?!Package|-)", line)]


def test_each_package_that_is_asked_for_has_one_line_and_none_is_left_over():
    npm = json.loads((ROOT / "package.json").read_text())
    asked = [named(package) for packages in needs.read().values() for package in packages]
    asked += [named(line) for folder in ("contracts", "rig") for line in (ROOT / folder / "requirements.in").read_text().splitlines() if line[:1] not in "# "]
    assert sorted(line[0] for line in LINES) == sorted([*asked, *npm["dependencies"], *npm["optionalDependencies"]])


def test_each_line_says_why_this_one_its_last_release_and_what_would_replace_it():
    for name, why, released, instead in LINES:
        assert why and instead and re.match(r"\d[\w.]*, 20\d\d-\d\d-\d\d( \(.+\))?$", released), name


def named(package):
    return re.match(r"[\w.-]+", package)[0]
