"""Mutants of modules, by mutmut's operators, as JSON: what stands where, and what stands there instead.

Run in the environment of mutmut, which the tests do not need. Decorated functions are mutated too: their code is exchanged, not their name.
What stands outside of functions, such as tables and selects built once, is run before any test and stays as it is.
"""

import ast
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string
from mutmut.mutation.pragma_handling import IgnoredCode

from tests.mutants.fingerprint import fingerprint, functions, statements


def _one_string(node):
    """Of the three that a text becomes, the first: other letters in it are found where other words are."""
    return list(operator_string(node))[:1]


def _arguments(node):
    """Each argument as None; each keyword left out, and each condition of a query: a function of ours that lacks one cannot even be called."""
    chained = isinstance(node.func, cst.Attribute)
    for changed in operator_arg_removal(node):
        gone = next((old for old, new in zip(node.args, [*changed.args, None], strict=False) if old is not new), None)
        if len(changed.args) == len(node.args) or chained or gone.keyword or gone.star:
            yield changed


_OPERATORS = [(kind, {operator_string: _one_string, operator_arg_removal: _arguments}.get(operator, operator)) for kind, operator in mutation_operators]


class _Visitor(MutationVisitor):
    def _skip_node_and_children(self, node):
        if isinstance(node, cst.FunctionDef) and node.decorators:
            node = node.with_changes(decorators=[])
        return super()._skip_node_and_children(node)


def mutants(path):
    source = Path(path).read_text()
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(_OPERATORS, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    home = _homes(wrapper.module)
    known = functions(ast.parse(source))
    seen, numbers = {(name, fingerprint(node)) for name, node in known.items()}, Counter()
    for mutation in visitor.mutations:
        if mutation.contained_by_top_level_function in home:
            found = _mutant(path, source, wrapper.module, home, known, mutation)
            if found and (found["function"], found.pop("is")) not in seen:
                yield _numbered(found, numbers)


def _homes(module):
    """{function: (the top-level statement it stands in, where that begins)}."""
    place, found = len("".join(module.code_for_node(line) for line in module.header)), {}
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef):
            found[statement] = statement, place
        elif isinstance(statement, cst.ClassDef):
            found |= {method: (statement, place) for method in statement.body.body if isinstance(method, cst.FunctionDef)}
        place += len(module.code_for_node(statement))
    return found


def _mutant(path, source, module, home, known, mutation):
    statement, place = home[mutation.contained_by_top_level_function]
    before = module.code_for_node(statement)
    after = module.code_for_node(statement.deep_replace(mutation.original_node, mutation.mutated_node))
    first, last = _changed(before, after)
    start, end = place + first, place + len(before) - last
    text = after[first : len(after) - last]
    try:
        tree = ast.parse(source[:start] + text + source[end:])
    except SyntaxError:
        return None
    line = source.count("\n", 0, start) + 1
    name = next((name for name, node in known.items() if _first_line(node) <= line <= node.end_lineno), None)
    if name is None:
        return None
    head = source.rfind("\n", 0, start) + 1
    tail = source.find("\n", end)
    return {
        "path": path,
        "function": name,
        "line": line,
        "start": start,
        "end": end,
        "text": text,
        "was": source[head:tail].strip(),
        "is now": (source[head:start] + text + source[end:tail]).strip(),
        "body": fingerprint(known[name]),
        "is": fingerprint(functions(tree)[name]),
        "statements": _met(known[name], line),
    }


def _first_line(node):
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _changed(before, after):
    """How many characters stay as they are at the start, and at the end."""
    shorter = min(len(before), len(after))
    first = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    last = next((place for place in range(shorter - first) if before[-1 - place] != after[-1 - place]), shorter - first)
    return first, last


def _met(function, line):
    """The numbers of the innermost statements on a line: who runs none of them does not meet the mutant."""
    spans = [(last - first, number) for number, (first, last) in enumerate(statements(function)) if first <= line <= last]
    return [number for size, number in spans if size == min(spans)[0]]


def _numbered(found, numbers):
    """Its name lasts as long as the function does the same, and the line is written the same."""
    facts = (found["path"], found["function"], found["body"], found["was"], found["is now"])
    numbers[facts] += 1
    return {"id": hashlib.sha256(repr((*facts, numbers[facts])).encode()).hexdigest()[:16], **found}


if __name__ == "__main__":
    print(json.dumps([mutant for path in sys.argv[1:] for mutant in mutants(path)]))
