"""Who reads the contracts in an explorer reads what each part is for."""

import re
from pathlib import Path

import pytest

from rig import ROOT

SOURCES = sorted((ROOT / "contracts" / "src").glob("*.sol"))
# What a declaration of something that others see begins with, up to its end: "{", ";" or "=".
SEEN = re.compile(
    r"((?:^ *///.*\n)*)^ *(?:(function|event|error|constructor|(?:abstract )?contract|interface)\b([^{;]*)|[\w\[\] ]+ public constant (\w+))", re.M
)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_everything_others_see_says_what_it_is_for(source):
    assert [name for doc, name, *_ in _seen(source) if "@notice" not in doc] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_parameter_of_a_function_is_explained(source):
    parameters = [(name, each) for doc, name, kind, rest in _seen(source) if kind == "function" for each in _named(rest) if f"@param {each} " not in doc]
    assert parameters == []


def _seen(source):
    for doc, kind, rest, constant in SEEN.findall(Path(source).read_text()):
        if kind == "constructor" or (kind == "function" and not re.search(r"\b(public|external)\b", rest)):
            continue
        yield doc, constant or rest.split("(")[0].split()[0], kind, rest


def _named(rest):
    listed = re.search(r"\(([^)]*)\)", rest)[1]
    return [part.split()[-1] for part in listed.split(",") if len(part.split()) > 1 and part.split()[-1] not in ("memory", "calldata")]
