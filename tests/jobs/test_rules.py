"""`flask rulebook`."""

import pytest

from lms.jobs import operate
from tests.conftest import announce


@pytest.fixture
def show(app):
    return lambda *words: app.test_cli_runner().invoke(operate.rulebook, ["show", *words])


def test_the_rules_are_shown_in_words(show):
    announce(completion_bp=300)
    shown = show().output
    assert shown.startswith("Version 1, in force from 2026-01-01 00:00 UTC")
    assert "  completion reward: 4\u00a0% of the price paid in cash  [completion_bp]" in shown
    assert "Bronze 50\u00a0% from 0.00\u00a0TEO" in shown
    assert "\nVersion 2, in force from" in shown and "falls from 4" in shown
    assert "completion reward: 3" in show("2").output
    assert show("9").exit_code == 1


def test_no_command_announces_a_version():
    """Two admins do, in their desk: one drafts, another publishes."""
    assert set(operate.rulebook.commands) == {"show"}
