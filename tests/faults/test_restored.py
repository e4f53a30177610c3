"""A database comes back from a backup fifty operations old: `flask chain recover` takes over what the chain did meanwhile, and gives no number twice."""

from tests.faults import node
from tests.faults.scenes import ask
from tests.faults.world import MEMBERS, OUTSIDE

AGE = 50  # operations
CREDIT = 10**6
# Of six members in one round: five operations, as each release is one of its own, and a mint and a burn are one settlement.
MOVES = (*[("{}:available", OUTSIDE)] * 4, ("issuance", "{}:available"), ("{}:available", "issuance"))
A_ROUND = 5


def numbers(world):
    """(how many operations, the highest number, how many nonces) our rows know."""
    return ask(world, "SELECT count(*), max(op), (SELECT count(*) FROM nonces) FROM operations")[0]


def test_fifty_operations_that_a_restored_database_has_lost_are_taken_over(world):
    world.reset()
    world.post([(f"before:{member}", "issuance", f"{member}:available", 10 * CREDIT) for member in MEMBERS])
    world.calm()
    posted, (count, highest, nonces) = world.copy("fifty"), numbers(world)
    for number in range(AGE // A_ROUND):
        members = MEMBERS[number % len(MEMBERS) :] + MEMBERS[: number % len(MEMBERS)]
        moves = [(source.format(member), target.format(member)) for member, (source, target) in zip(members, MOVES, strict=True)]
        world.post([(f"lost:{number}:{place}", *move, CREDIT) for place, move in enumerate(moves)])
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
