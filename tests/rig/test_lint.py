"""What the linters are told to overlook is still there, and `make lint` reads what `make test` reads first."""

import re
import tomllib
from fnmatch import fnmatch

import pytest

from rig import ROOT, Refusal, lint, needs, test

TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]


def test_every_name_that_is_excused_from_being_used_stands_somewhere():
    roots = [ROOT / path for path in TOOLS["vulture"]["paths"]]
    sources = [file for root in roots for file in (root.rglob("*.py") if root.is_dir() else [root])]
    names = {name for file in sources for name in re.findall(r"\w+", file.read_text())}
    assert [excused for excused in TOOLS["vulture"]["ignore_names"] if not any(fnmatch(name, excused) for name in names)] == []


def test_every_package_that_is_excused_from_being_imported_is_asked_for():
    asked = {re.match(r"[\w.-]+", package)[0] for packages in needs.read().values() for package in packages}
    assert set(TOOLS["deptry"]["per_rule_ignores"]["DEP002"]) - asked == set()


def test_what_lint_finds_fails_it_and_what_it_does_not_reach_is_tried_too(monkeypatch, capfd):
    steps = [test.Step("first", ["false"]), test.Step("second", ["echo", "reached"])]
    monkeypatch.setattr(lint, "style", lambda: steps)
    with pytest.raises(Refusal, match=r"FAILED: first$"):
        lint.main()
    assert "reached" in capfd.readouterr().out
