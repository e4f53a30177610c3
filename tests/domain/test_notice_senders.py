"""No kind of notice is dead, and none is sent that nobody has described: read from the code itself."""

import ast
from pathlib import Path

import pytest

import lms
from lms.domain.notices.kinds import KINDS
from lms.ui.notice_words import WORDS

TELLS = {"tell", "tell_anew", "_tell", "tell_all", "tell_sum", "tell_these", "tell_each"}


def calls():
    """Each call by which something is told, anywhere in the code."""
    for path in Path(lms.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in TELLS:
                yield node


def words(call):
    """Its whole words, such as "payout paid" or "refunded"."""
    return {argument.value for argument in call.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)}


def beginnings(call):
    """What stands before the word put in: "order " of f"order {what}"."""
    return {argument.values[0].value for argument in call.args if isinstance(argument, ast.JoinedStr) and len(argument.values) == 2 and isinstance(argument.values[0], ast.Constant)}


@pytest.fixture(scope="module")
def sent():
    told = list(calls())
    whole = set().union(*map(words, told))
    return whole | {begin + word for begin in set().union(*map(beginnings, told)) for word in whole}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_sender(kind, sent):
    assert kind in sent


def test_a_kind_that_nobody_sends_would_be_found(sent):
    assert sent.isdisjoint({"order forgotten", "wallet lost", "payout dreamt"})


def test_what_is_told_by_its_whole_name_is_a_kind_with_words():
    told = {word for call in calls() if getattr(call.func, "attr", "") in ("tell", "tell_anew", "tell_all", "tell_sum", "tell_these", "tell_each") for word in words(call) if " " in word}
    assert told and told <= set(KINDS)
    assert {kind for kind in told if kind not in WORDS} <= {"sale decided"}  # which is "sale accepted" or "sale declined"
