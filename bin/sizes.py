"""Lines per file and per function by layer, and per template: median, 95th percentile and the largest. `make sizes`."""

import ast
from itertools import chain
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "lms"
LARGEST = 3  # named of each


def main():
    print(f"{'layer':<14}{'what':<11}{'count':>6}{'median':>8}{'95 %':>6}  largest")
    layers = _by_layer(SOURCES.rglob("*.py"))
    for layer, files in [*layers.items(), ("all", list(chain.from_iterable(layers.values())))]:
        _say(layer, "files", [(_lines(path), _name(path)) for path in files])
        _say(layer, "functions", [found for path in files for found in _functions(path)])
    _say("blueprints", "views", [found for path in layers["blueprints"] for found in _functions(path, _is_view)])
    _say("templates", "files", [(_lines(path), _name(path)) for path in SOURCES.rglob("*.html")])


def _by_layer(paths):
    """{layer: its files}: a folder of lms, or lms itself; packages without a line are left out."""
    layers = {}
    for path in sorted(path for path in paths if path.stat().st_size):
        first, *rest = path.relative_to(SOURCES).parts
        layers.setdefault(first if rest else "lms", []).append(path)
    return layers


def _functions(path, counts=lambda node: True):
    """[(lines, name)] of those of a file's functions and methods that count, decorators and docstring included; one inside another counts in both."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds) and counts(node)]
    begins = {node: min([node.lineno, *(each.lineno for each in node.decorator_list)]) for node in found}
    return [(node.end_lineno - begins[node] + 1, f"{_name(path)}:{node.name}") for node in found]


def _is_view(node):
    """Whether it answers at an address."""
    return any(ast.unparse(each).startswith(("blueprint.get(", "blueprint.post(", "blueprint.route(")) for each in node.decorator_list)


def _say(layer, what, found):
    if found:
        sizes, largest = [size for size, _ in found], sorted(found, reverse=True)[:LARGEST]
        cuts = quantiles(sizes, n=20, method="inclusive") if len(sizes) > 1 else sizes * 19
        print(f"{layer:<14}{what:<11}{len(found):>6}{cuts[9]:>8.0f}{cuts[18]:>6.0f}  {', '.join(f'{name} {size}' for size, name in largest)}")


def _lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def _name(path):
    return str(path.relative_to(SOURCES))


if __name__ == "__main__":
    main()
