"""docs/failures.md speaks of the code as it is, and nothing is asked for before what it is about is committed."""

import ast
import re
from pathlib import Path

import pytest

from lms.jobs import schedule

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
PLACES = sorted(set(re.findall(r"`((?:lms|tests)/[\w/]+\.py)(?:: (\w+))?`", PAGE)))
JOBS = re.findall(r"^\| `(\w+\.\w+)` \| (?:`(\w+\.\w+)`|nobody) \| .+ \|$", PAGE, re.MULTILINE)
HINTS = ("enqueue", "live.push", "live.push_to_all", "chain.hurry", "hurry", "announce.queued", "announce.sent", "announce.progress")
SOURCES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "lms").rglob("*.py"))}


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_each_place_is_there_and_holds_what_it_names(path, name):
    assert name in {"", *_names(ast.parse((ROOT / path).read_text(encoding="utf-8")))}


def test_each_boundary_is_shown_by_something():
    rows = re.findall(r"^\| `lms/.+\|.+\|.+\| (.+) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 60
    assert [shown for shown in rows if "`tests/" not in shown and "words" not in shown] == []


def test_who_finds_what_was_asked_for_and_lost_is_said_of_every_job():
    asked = {call.args[0].value for tree in SOURCES.values() for call in _calls(tree) if _called(call).endswith("enqueue") and isinstance(call.args[0], ast.Constant)}
    assert len(asked) > 15
    assert asked == {job for job, _ in JOBS}


def test_who_finds_it_runs_by_the_clock():
    assert {finder for _, finder in JOBS if finder} <= dict(schedule.TABLE).keys()


def test_nothing_is_asked_for_or_pushed_before_the_commit():
    """A worker would look before there is anything; a push takes a connection of its own beside the one that is held."""
    blocks = [(path, block) for path, tree in SOURCES.items() for block in ast.walk(tree) if isinstance(block, ast.With) and _is_transaction(block)]
    assert len(blocks) > 150
    assert [(path, call.lineno) for path, block in blocks for statement in block.body for call in _calls(statement) if _called(call) in HINTS] == []


def _is_transaction(block):
    return any(_called(item.context_expr) == "transaction" for item in block.items if isinstance(item.context_expr, ast.Call))


def _calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _called(call):
    return ast.unparse(call.func)


def _names(tree):
    """What a module defines or imports, methods included."""
    defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    given = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    return defined | given
