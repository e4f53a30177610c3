"""Whatever goes wrong, each token is minted once, and a build that would mint it twice is found. `make faults SEED=…` replays what fails here."""

import pytest

from tests.faults import schedule
from tests.faults.mutants import MUTANTS, convicting
from tests.faults.world import job

CREDIT = 10**6
TRIALS = 5  # schedules within which a broken build must be found
# The interleaving that finds each broken build, most often.
CAUGHT_BY = {
    "nonce from the node": "several wait",
    "broadcast before save": "dies when sent",
    "no op check": "several wait",
    "no digest check": "restored and not told",
    "watermark": "late commit of two",
    "other contracts not asked": "restored and not told",
    "give-back before final": "voided and reorganised",
}


@pytest.mark.parametrize("seed", range(1, 41))
def test_a_schedule_of_faults_breaks_nothing(world, seed):
    assert schedule.run(world, schedule.draw(seed)).violations == [], f"make faults SEED={seed}"


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_build_that_is_broken_on_purpose_is_found(world, mutant):
    found = (schedule.run(world, drawn, mutant).violations for drawn in schedule.shortest(CAUGHT_BY[mutant], TRIALS))
    assert any(convicting(mutant, violations) for violations in found)


def test_a_build_that_only_stands_still_is_convicted_of_nothing(world):
    """What a broken rig, or a mutant whose jobs all die, leaves undone."""
    world.reset()
    for name in ("credit", "more"):
        world.post([(name, "issuance", "ana:available", CREDIT)])
        world.insist(job("lms.jobs.settlement.settle"))
    violations = world.violations()
    assert {" ".join(sentence.split()[2:4]) for sentence in violations} >= {"is queued:", "changes holder"}
    assert not any(convicting(mutant, violations) for mutant in MUTANTS)


def test_a_seed_draws_the_same_schedule_again():
    assert schedule.draw(7) == schedule.draw(7) != schedule.draw(8)


def test_wherever_a_worker_dies_the_mint_happens_once(world):
    """Every point between a credit and its receipt, found by counting until a worker gets by alive."""
    world.reset()
    for point in range(1, 200):
        if not any(_dies(world, point, tries) for tries in range(3)):  # a job that a slow node ends before it comes there is done again
            break
        world.cron()
    world.calm()
    assert world.violations() == []
    assert world.killed == point - 1 > 20


def _dies(world, point, tries):
    """Whether a worker that brings a credit to the chain comes to this point; there it is killed, and the next one goes on."""
    world.forget_jobs()  # whoever died before may have left the mark of a hint, and none would follow it
    credit = f"credit {point}.{tries}"
    world.insist(job("tests.faults.deeds.post", [(credit, "issuance", "ana:available", CREDIT)], trapped=False))
    world.posted[credit] = CREDIT
    world.left = {"kill": point}
    world.work()
    return world.left["kill"] == 0
