"""A database comes back from a backup fifty operations old: `flask chain recover` takes over what the chain did meanwhile, and gives no number twice."""

from tests.faults import node
from tests.faults.test_motifs import ask
from tests.faults.world import MEMBERS, OUTSIDE

AGE = 50  # operations
CREDIT = 10**6
# In turn a mint, a burn, a release.
MOVES = (("issuance", "{}:available"), ("{}:available", "issuance"), ("{}:available", OUTSIDE))


def numbers(world):
    """(how many operations, the highest number, how many nonces) our rows know."""
    return ask(world, "SELECT count(*), max(op), (SELECT count(*) FROM nonces) FROM operations")[0]


def test_fifty_operations_that_a_restored_database_has_lost_are_taken_over(world):
    world.reset()
    world.post([(f"before:{member}", "issuance", f"{member}:available", 10 * CREDIT) for member in MEMBERS])
    world.calm()
    posted, (count, highest, nonces) = world.copy("fifty"), numbers(world)
    for number in range(AGE):
        source, target = MOVES[number % len(MOVES)]
        member = MEMBERS[number % len(MEMBERS)]
        world.post([(f"lost:{number}", source.format(member), target.format(member), CREDIT)])
        world.work()
    node.mine(world.anvil, node.FINAL + 1)
    assert numbers(world) == (count + AGE, highest + AGE, nonces + AGE)

    world.forget_jobs()
    world.restore("fifty")
    world.posted = posted
    world.recover()
    taken = ask(world, f"SELECT min(op), max(op), count(*) FROM operations WHERE key LIKE 'recovered:%' AND op > {highest}")
    assert taken == [(highest + 1, highest + AGE, AGE)]

    world.post([(f"after:{member}", "issuance", f"{member}:available", CREDIT) for member in MEMBERS])
    world.calm()
    assert world.violations() == []
    assert ask(world, "SELECT min(op) FROM operations WHERE id > (SELECT max(id) FROM operations WHERE key LIKE 'recovered:%')") == [(highest + AGE + 1,)]
