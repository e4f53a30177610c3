"""`flask demo advance`: the clock and the node go on together, or stay together."""

from datetime import timedelta

import pytest

from lms import clock
from lms.jobs import node

FIFTEEN_DAYS = timedelta(days=15)


def advance(app, span):
    return app.test_cli_runner().invoke(args=["demo", "advance", span])


def test_the_node_goes_as_far_as_the_clock(worker):
    before = node.pool().head().timestamp
    result = advance(worker, "15d")
    assert result.exit_code == 0, result.output
    assert clock.ahead() == FIFTEEN_DAYS
    assert node.pool().head().timestamp - before == pytest.approx(FIFTEEN_DAYS.total_seconds(), abs=30)


def test_a_node_that_does_not_answer_keeps_the_clock_where_it_is(worker):
    worker.config["RPC_URLS"] = ("http://127.0.0.1:9",)
    result = advance(worker, "15d")
    assert result.exit_code == 1
    assert result.output.startswith("Error: The chain cannot be reached or refuses:") and "Traceback" not in result.output
    assert clock.ahead() == timedelta()


@pytest.mark.parametrize("span", ["", "15", "15w", "-3d", "1.5h", "99999d"])
def test_a_span_that_is_none_moves_nothing(worker, span):
    before = node.pool().head().number
    assert advance(worker, span).exit_code != 0
    assert (clock.ahead(), node.pool().head().number) == (timedelta(), before)


def test_only_the_demos_clock_can_be_moved(worker):
    before = node.pool().head().number
    worker.config["ENVIRONMENT"] = "production"
    result = advance(worker, "15d")
    assert (result.exit_code, result.output) == (1, "Error: Only the demo's clock can be moved.\n")
    assert (clock.ahead(), node.pool().head().number) == (timedelta(), before)
