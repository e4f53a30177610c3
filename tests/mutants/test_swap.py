"""A mutant takes the place of what is known already, however it is decorated; another process is not needed to see it."""

import importlib.util
import sys

import pytest

from tests.mutants import swap

SOURCE = """from functools import cache


class Price:
    def __init__(self, cents):
        self.cents = cents

    @property
    def doubled(self):
        return self.cents * 2


@cache
def answer():
    return 42


def more(a, b=1, *, c=2):
    return a + b + c


def each(numbers):
    return [number + 1 for number in numbers]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.setattr(swap, "ROOT", tmp_path)
    (tmp_path / "priced.py").write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("lms_priced", tmp_path / "priced.py")
    module = sys.modules["lms_priced"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["lms_priced"]


def become(function, was, is_now):
    start = SOURCE.index(was)
    swap.Running(["priced.py"]).become({"path": "priced.py", "function": function, "start": start, "end": start + len(was), "text": is_now})


def test_a_property_of_an_object_that_was_there_before(module):
    price = module.Price(100)
    become("Price.doubled", "* 2", "* 3")
    assert price.doubled == 300


def test_what_was_remembered_is_forgotten(module):
    assert module.answer() == 42
    become("answer", "42", "43")
    assert module.answer() == 43


def test_a_default(module):
    more = module.more
    become("more", "c=2", "c=5")
    assert (more(1), more(1, c=0)) == (7, 2)


def test_what_stands_within(module):
    become("each", "number + 1", "number - 1")
    assert module.each([1]) == [0]


def test_the_others_stay(module):
    become("each", "number + 1", "number - 1")
    assert (module.more(1), module.answer(), module.Price(1).doubled) == (4, 42, 2)
