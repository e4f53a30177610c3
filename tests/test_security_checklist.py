"""docs/security-checklist.md stays true: every number once, its figures as counted, every path and name where it says."""

import re
from pathlib import Path

import pytest

from lms.domain.accounts.guessed import HOUSE_WORDS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/security-checklist.md").read_text(encoding="utf-8")
DECISIONS = (ROOT / "docs/security.md").read_text(encoding="utf-8")
# Sections of ASVS 5.0.0, and the last number of levels 1 and 2 in each: those of level 3 come after.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \| (.+?) \| (met|not applicable|open) \| (.+) \|$", PAGE, re.MULTILINE)
PLACES = re.findall(r"`((?:lms|tests|docs|bin|rig|contracts|migrations)/[\w./-]*\w|[\w-]+\.(?:md|py|cfg|lock|json))(?:: ([^`]+))?`", PAGE + DECISIONS)


def test_every_requirement_of_levels_1_and_2_has_its_verdict_once():
    wanted = [f"{section}.{number}" for section, last in SECTIONS.items() for number in range(1, last + 1)]
    assert len(wanted) == 253
    assert [number for numbers, *_ in ROWS for number in numbers.split(", ")] == wanted


def test_the_figures_at_its_top_are_those_of_its_rows():
    counted = dict.fromkeys(("met", "not applicable", "open", "operator"), 0)
    for numbers, _, verdict, where in ROWS:
        counted[verdict] += len(numbers.split(", "))
        counted["operator"] += "operator:" in where
    said = {name: int(re.search(rf"^\| {label} \| (\d+) \|$", PAGE, re.MULTILINE)[1]) for name, label in {**{each: each for each in counted}, "operator": "of these by what the operator sets up"}.items()}
    assert said == counted


@pytest.mark.parametrize(("path", "names"), sorted(set(PLACES)))
def test_each_place_is_there_and_holds_what_it_names(path, names):
    place = ROOT / path
    assert place.exists(), path
    for name in filter(None, names.split(", ")):
        assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", place.read_text(encoding="utf-8")), f"{path}: {name}"


def test_what_is_met_says_where_and_what_is_not_says_why():
    assert [row for row in ROWS if len(row[3]) < 4] == []
    assert len(PLACES) > 150


def test_the_words_of_the_house_are_those_that_are_written_down():
    said = re.search(r"The words: (.+?)\.", DECISIONS, re.DOTALL)[1]
    assert tuple(re.split(r",\s+", said)) == HOUSE_WORDS
