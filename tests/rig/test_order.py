"""`make test` runs its tests in the usual order, or in a random one that can be repeated."""

import subprocess

import pytest

from rig import ROOT, Refusal, tools
from rig import test as suite


def shuffled(*words):
    return suite._asked(list(words))[0]


def listed(*how):
    """The tests of one file in the order in which pytest would run them."""
    command = [tools.PYTHON, "-m", "pytest", "--collect-only", "-q", "tests/formats/test_csv.py", *how]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in answer.stdout.splitlines() if "::" in line]


def test_what_is_for_pytest_reaches_it_alone():
    assert suite._asked(["ORDER=", "SEED=", "-k", "csv"]) == ([], ["-k", "csv"])


def test_a_random_order_is_another_each_time_and_its_seed_repeats_it():
    first, second = shuffled("ORDER=random", "SEED="), shuffled("ORDER=random", "SEED=")
    assert first[-1] != second[-1]
    assert shuffled("ORDER=", f"SEED={first[-1]}") == first


@pytest.mark.parametrize("word", ["ORDER=backwards", "SEED=last"])
def test_an_order_there_is_not_is_one_sentence(word):
    with pytest.raises(Refusal, match="make test ORDER=random"):
        shuffled(word)


def test_a_seed_shuffles_the_same_tests():
    usual, shuffled_once = listed(), listed(*shuffled("SEED=7"))
    assert shuffled_once != usual
    assert sorted(shuffled_once) == sorted(usual)
