"""Who imports whom, by room of lms and by noun of lms/domain, written into docs/architecture.md. `make graph`."""

from collections import defaultdict
from pathlib import Path

import grimp

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
HEADING = "## Who imports whom\n"


def main():
    PAGE.write_text(with_graph(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_graph(page):
    """The page with its last section's blocks as the code is now."""
    words, _, rest = page.partition(HEADING)
    said = rest.partition("```")[0].rstrip()
    graph = grimp.build_graph("lms")
    return f"{words}{HEADING}{said}\n\n{_block(graph, 1)}\n\nThe nouns of lms/domain:\n\n{_block(graph, 2, 'lms.domain')}\n"


def _block(graph, depth, container="lms"):
    """Each part of the container with the parts it imports, those that import most of the others first."""
    imports = defaultdict(set)
    for module in graph.find_descendants(container):
        imports[_part(module, depth)] |= {_part(found, depth) for found in graph.find_modules_directly_imported_by(module) if found.startswith(f"{container}.")}
    lines = [f"{part:<18} → {' '.join(sorted(found - {part}))}".rstrip(" →") for part, found in sorted(imports.items(), key=lambda pair: (-len(_below(pair[0], imports)), pair[0]))]
    return "\n".join(["```text", *lines, "```"])


def _below(part, imports):
    """All that it leads to."""
    found, left = set(), {part}
    while left:
        found |= left
        left = set().union(*(imports[each] for each in left)) - found
    return found


def _part(module, depth):
    return module.split(".")[depth]


if __name__ == "__main__":
    main()
