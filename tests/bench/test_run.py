"""The bench's table and its arithmetic. What it measures is for `make bench`."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

from bench import run
from bench.measure import Figure, alternating, compared, percentile, table
from rig import ROOT


def test_rounds_alternate():
    seen = []
    found = alternating({"page": lambda: seen.append("page") or len(seen), "bare": lambda: seen.append("bare") or len(seen)}, rounds=3)
    assert seen == ["page", "bare"] * 3
    assert found == {"page": [1, 3, 5], "bare": [2, 4, 6]}


def test_the_ratio_is_the_median_of_the_rounds_ratios():
    figure = compared("page", "requests/s", 0.5, values=[10, 20, 30, 40, 400], against=[100, 100, 50, 50, 500])
    assert figure.ratio == 0.6  # of 0.1, 0.2, 0.6, 0.8 and 0.8; the medians' own ratio would be 0.3
    assert (figure.value, figure.against) == (30, 100)
    assert figure.holds


@pytest.mark.parametrize(
    ("figure", "holds"),
    [
        (Figure("ms", 29.9, "ms", 30), True),
        (Figure("ms", 30, "ms", 30), False),
        (Figure("ratio", 5, "requests/s", 0.1, at_least=True, against=50, ratio=0.1), True),
        (Figure("ratio", 5, "requests/s", 0.1, at_least=True, against=51, ratio=5 / 51), False),
        (Figure("beside", 5, "requests/s"), None),
    ],
)
def test_a_target_holds(figure, holds):
    assert figure.holds is holds


def test_the_percentile_is_the_value_of_the_slowest_hundredth():
    assert percentile(range(101), 99) == 99


def test_results_are_written_and_a_missed_target_is_said_without_failing(monkeypatch, tmp_path, capsys):
    figures = [Figure("a.ms", 31, "ms", 30), Figure("b.ratio", 5, "requests/s", 0.1, at_least=True, against=10, ratio=0.5)]
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(run, "_measured", lambda part: figures)
    monkeypatch.setattr(sys, "argv", ["run", "sse"])
    run.main()
    rows = json.loads(run.RESULTS.read_text())
    assert [set(row) for row in rows] == [{"name", "value", "unit", "against", "ratio", "target", "holds"}] * 2
    assert [row["holds"] for row in rows] == [False, True]
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" ")[2] for line in lines if line.startswith(("a.ms", "b.ratio"))] == ["MISSED", "holds"]


def test_the_columns_of_the_table_are_aligned():
    head, first, second = table([Figure("short", 1, "ms", 30), Figure("a longer name", 1234.5, "ms", 30)]).splitlines()
    assert head.index("unit") == first.index("ms") == second.index("ms")


def test_a_row_without_a_target_is_neither_held_nor_missed():
    assert table([Figure("beside", 5, "requests/s")]).splitlines()[1].split() == ["beside", "5.0", "requests/s"]


def test_every_part_has_a_module_that_measures_it():
    for module in run.PARTS.values():
        assert callable(import_module(module).figures)


def test_an_unknown_part_is_refused_with_the_parts_there_are():
    answer = subprocess.run([sys.executable, "-m", "bench.run", "nonsense"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "'nonsense'" in answer.stderr and "pages, catalogue, sse, purchase" in answer.stderr
    assert "Traceback" not in answer.stderr
