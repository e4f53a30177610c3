"""What becomes available by the passing of time."""

from datetime import timedelta

import pytest

from lms import clock
from lms.domain.rewards import actions
from lms.domain.wallet.queries import balance
from lms.jobs import rewards
from lms.jobs.time_limit import TimeIsUp
from tests.blueprints.test_wallet import move, reward
from tests.conftest import teo


def test_a_lot_that_cannot_mature_keeps_no_other_waiting(ana, bruno):
    reward(ana, 5, key="first")
    reward(bruno, 5, key="second")
    move(ana, 5, "taken away by hand")
    clock.advance(timedelta(days=15))
    rewards.mature()
    assert (balance(bruno.id).maturing, balance(bruno.id).available) == (0, teo(5))


def test_a_job_that_is_told_to_end_ends(ana, monkeypatch):
    def too_late(_):
        raise TimeIsUp

    reward(ana, 5)
    clock.advance(timedelta(days=15))
    monkeypatch.setattr(actions, "mature", too_late)
    with pytest.raises(TimeIsUp):
        rewards.mature()
