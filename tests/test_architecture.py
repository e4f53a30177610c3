"""docs/architecture.md speaks of the code as it is."""

import ast
import re
from pathlib import Path

import pytest

from bin import import_graph

ROOT = Path(__file__).resolve().parent.parent
PAGE = import_graph.PAGE.read_text(encoding="utf-8")
STEPS = re.findall(r"`(lms/[\w/]+\.py): (\w+)`(?:[^`\n]*\(`(\w+)`\))?", PAGE)
PATHS = set(re.findall(r"`((?:lms|tests)/[\w/.]+)`", PAGE))


def test_every_path_on_the_page_is_there():
    assert len(PATHS) >= 20
    assert [path for path in PATHS if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", sorted({path for path, *_ in STEPS}))
def test_every_step_of_a_walk_is_a_name_of_its_file(path):
    names = _names(ROOT / path)
    assert [name for other, *said in STEPS if other == path for name in said if name and name not in names] == []


def test_who_imports_whom_is_as_it_says():
    assert import_graph.with_graph(PAGE) == PAGE, "run make graph"


def _names(path):
    """What a module defines, methods included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return defined | {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
