"""A mutant put in the place of what runs: the code of the functions is exchanged, wherever they are known already and however they are decorated."""

import ast
import functools
import gc
import types
from collections import defaultdict
from pathlib import Path

from rig import ROOT
from tests.mutants.fingerprint import functions


class Running:
    """The functions of these modules, as they are imported now."""

    def __init__(self, paths):
        files = {str(ROOT / path) for path in paths}
        gc.unfreeze()  # what is frozen is not told of
        self._functions, self._caches = defaultdict(list), []
        for found in gc.get_objects():
            if isinstance(found, types.FunctionType) and found.__code__.co_filename in files:
                self._functions[_key(found.__code__)].append(found)
            elif isinstance(found, functools._lru_cache_wrapper) and (found.__module__ or "").startswith("lms"):
                self._caches.append(found)
        gc.freeze()

    def become(self, mutant):
        """What it calls is as before, and nothing is remembered of what it answered."""
        source = Path(ROOT / mutant["path"]).read_text()
        changed = source[: mutant["start"]] + mutant["text"] + source[mutant["end"] :]
        file, name = str(ROOT / mutant["path"]), mutant["function"]
        before, after = (_codes(compile(text, file, "exec", dont_inherit=True), name) for text in (source, changed))
        for old, new in zip(before, after, strict=False):
            for function in self._functions[_key(old)]:
                if len(new.co_freevars) == len(function.__code__.co_freevars):
                    function.__code__ = new
        for function in self._functions[_key(before[0])]:
            _take_defaults(function, functions(ast.parse(source))[name], functions(ast.parse(changed))[name])
        for cache in self._caches:
            cache.cache_clear()


def _key(code):
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _codes(module, name):
    """The code of the function, and of all that stands in it."""
    found = [code for code in _inner(module) if code.co_qualname == name]
    return [found[-1], *_inner(found[-1])]


def _inner(code):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inner(constant)


def _take_defaults(function, before, after):
    if ast.dump(before.args) == ast.dump(after.args):
        return
    known = dict(function.__globals__)
    evaluate = lambda node: eval(compile(ast.Expression(node), "<default>", "eval"), known)  # noqa: E731, S307  (the source is our own)
    function.__defaults__ = tuple(evaluate(node) for node in after.args.defaults) or None
    pairs = zip(after.args.kwonlyargs, after.args.kw_defaults, strict=True)
    function.__kwdefaults__ = {argument.arg: evaluate(node) for argument, node in pairs if node is not None} or None
