"""When what waits goes to the chain."""

from datetime import timedelta

import pytest

from lms.domain.wallet.policy import FULL, Policy

GWEI = 10**9
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = Policy(pause=MINUTE, patience=HOUR, base_fee=100 * GWEI)


@pytest.mark.parametrize(
    ("waiting", "oldest", "since_last", "base_fee", "due"),
    [
        (0, timedelta(), None, 1 * GWEI, False),
        (1, timedelta(), None, 1 * GWEI, True),
        (1, timedelta(), MINUTE, 1 * GWEI, True),
        (1, timedelta(), MINUTE / 2, 1 * GWEI, False),
        (FULL, timedelta(), MINUTE / 2, 1 * GWEI, True),
        (1, timedelta(), MINUTE, 101 * GWEI, False),
        (FULL, timedelta(), MINUTE, 101 * GWEI, True),
        (1, HOUR, MINUTE, 101 * GWEI, True),
        (1, HOUR, MINUTE / 2, 101 * GWEI, True),
    ],
)
def test_it_is_due(waiting, oldest, since_last, base_fee, due):
    assert POLICY.is_due(waiting, oldest, since_last, base_fee) is due


def test_without_a_bound_any_base_fee_will_do():
    assert Policy(MINUTE, HOUR).is_due(1, timedelta(), MINUTE, 10_000 * GWEI)
