"""Whatever goes wrong, each token is minted once. `make faults SEED=…` replays what fails here."""

import pytest

from tests.faults import schedule
from tests.faults.world import job

CREDIT = 10**6


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_schedule_of_faults_breaks_nothing(world, seed):
    assert schedule.run(world, schedule.draw(seed)).violations == [], f"make faults SEED={seed}"


def test_a_seed_draws_the_same_schedule_again():
    assert schedule.draw(7) == schedule.draw(7) != schedule.draw(8)


def test_wherever_a_worker_dies_the_mint_happens_once(world):
    """Every point between a credit and its receipt, found by counting until a worker gets by alive."""
    world.reset()
    for point in range(1, 200):
        if not _dies(world, point):
            break
        world.cron()
    world.calm()
    assert world.violations() == []
    assert world.killed == point - 1 > 20


def _dies(world, point):
    """Whether a worker that brings a credit to the chain comes to this point; there it is killed, and the next one goes on."""
    world.insist(job("tests.faults.deeds.post", [(f"credit {point}", "issuance", "ana:available", CREDIT)], trapped=False))
    world.posted[f"credit {point}"] = CREDIT
    world.kill = point
    world.work()
    return world.kill == 0
