"""Which mutants are none, because they change only what a function says."""

import ast

import pytest

from tests.mutants.fingerprint import fingerprint, functions, statements


def of(source):
    return fingerprint(ast.parse(source).body[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(a): return a", "def f(a: int) -> int: return a"),
        ("def f(a):\n b = a\n return b", "def f(a):\n b: int = a\n return b"),
        ("def f(a): return a", "def f(a): return cast(int, a)"),
        ('def f(a):\n "Why."\n return a', "def f(a): return a"),
        ("def f(a): raise E('no', name=a)", "def f(a): raise E('No!', name=a)"),
        ("def f(a):\n log.warning('x %s', a)", "def f(a):\n log.warning(None)"),
        ("def f(): return text('SELECT 1')", "def f(): return text('select 1')"),
        ("def __repr__(s): return 'a'", "def __repr__(s): return 'b'"),
    ],
)
def test_what_only_says_something_is_the_same(one, other):
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(a): return a", "def f(a): return -a"),
        ("def f(a=1): return a", "def f(a=2): return a"),
        ("def f(a): raise E('no', name=a)", "def f(a): raise E(None, name=a)"),
        ("def f(a): raise E('no', name=a)", "def f(a): raise E('no', name=None)"),
        ("def f(): return 'paid'", "def f(): return 'Paid'"),
        ("def f(a): log.record('x', a)", "def f(a): log.record('x', None)"),
        ("def f(): return cast(Operation.at, Date)", "def f(): return cast(Operation.on, Date)"),
    ],
)
def test_what_does_something_else_is_not(one, other):
    assert of(one) != of(other)


def test_functions_are_found_by_their_names_and_those_within_belong_to_the_outer():
    assert list(functions(ast.parse("def f():\n def g(): ...\nclass C:\n class D:\n  def m(self): ..."))) == ["f", "C.D.m"]


def test_a_statement_has_its_lines_and_one_that_holds_others_its_head():
    (function,) = ast.parse("def f(a):\n if a and\\\n  a:\n  return g(\n   a)").body
    assert statements(function) == [(1, 1), (2, 3), (4, 5)]
