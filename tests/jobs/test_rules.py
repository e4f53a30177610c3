"""`flask rulebook`."""

from datetime import UTC, datetime, timedelta

import pytest

from lms import clock
from lms.domain.rulebook import queries
from lms.domain.rulebook.rules import Rules
from lms.jobs import operate


@pytest.fixture
def run(app):
    """run("announce", "completion_bp = 300", …) runs the command on a file of this text."""

    def run(command, *words, text="", tmp):
        file = tmp / "rules.toml"
        file.write_text(text)
        arguments = [str(file) if word == "FILE" else word for word in words]
        return app.test_cli_runner().invoke(operate.rulebook, [command, *arguments])

    return run


@pytest.fixture
def announce(run, tmp_path):
    """announce(text, days) announces what the text of a file says, from so many days on."""
    return lambda text, days=20, *words: run("announce", "FILE", "--from", _day(days), *words, text=text, tmp=tmp_path)


def _day(days):
    return f"{clock.now() + timedelta(days=days):%Y-%m-%d}"


def test_only_what_changes_stands_in_the_file(announce):
    result = announce("completion_bp = 300\n[[tiers]]\nname = 'All'\nstaked = 0\nplatform_bp = 5000\n")
    assert result.exit_code == 0, result.output
    version = queries.newest()
    assert version.in_force_from == datetime.fromisoformat(_day(20)).replace(tzinfo=UTC)
    assert (version.number, version.numbers.completion_bp, version.numbers.lessons_bp) == (2, 300, Rules().lessons_bp)
    assert [tier.name for tier in version.numbers.tiers] == ["All"]
    assert f"Version 2, in force from {_day(20)} 00:00 UTC" in result.output
    assert "The completion reward falls from 4\u00a0% to 3\u00a0% of the price paid in cash." in result.output
    assert "The tier Diamond ends." in result.output


def test_a_trial_announces_nothing(announce):
    result = announce("completion_bp = 300", 20, "--dry-run")
    assert result.exit_code == 0 and "falls from" in result.output and "nothing is announced" in result.output
    assert queries.newest().number == 1


@pytest.mark.parametrize(
    ("text", "days", "sentence"),
    [
        ("completion_bp = 300", 13, "Error: A version is announced 14 days before it holds."),
        ("completion_bp = ", 20, "Error: The file is no TOML:"),
        ("completion = 3", 20, "Error: No number of the rulebook is called completion."),
        ("accept_bonus_bp = 6000", 20, "Error: A student and a teacher in league could make TEO for 1."),
    ],
)
def test_a_refusal_is_a_sentence(announce, text, days, sentence):
    result = announce(text, days)
    assert result.exit_code == 1 and result.output.startswith(sentence)
    assert queries.newest().number == 1


def test_the_rules_are_shown_in_words(announce, run, tmp_path):
    announce("completion_bp = 300")
    shown = run("show", tmp=tmp_path).output
    assert shown.startswith("Version 1, in force from 2026-01-01 00:00 UTC")
    assert "  completion reward: 4\u00a0% of the price paid in cash  [completion_bp]" in shown
    assert "Bronze 50\u00a0% from 0.00\u00a0TEO" in shown
    assert "\nVersion 2, in force from" in shown and "falls from 4" in shown
    assert "completion reward: 3" in run("show", "2", tmp=tmp_path).output
    assert run("show", "9", tmp=tmp_path).exit_code == 1
