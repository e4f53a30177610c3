"""Interleavings of CHAIN.md that chance seldom finds, played out: what members, the chain and an operator may well do in this order."""

from tests.faults import node
from tests.faults.faults import FAULTS, PRICE
from tests.faults.world import COURSES, OUTSIDE


def refund_deposit_credit(world, draw):
    """A refund burns while a deposit comes in and a credit waits: three entries of one holder, one after another."""
    name = _name("refund", draw)
    world.post([(f"{name}:reward", "issuance", "ana:available", 4 * PRICE), (f"{name}:out", "ana:available", OUTSIDE, 2 * PRICE)])
    world.cron()
    _blocks_wait(world)
    world.post([(f"{name}:refund", "ana:available", "issuance", PRICE)])
    world.work()
    world.post([(f"{name}:deposit", OUTSIDE, "ana", PRICE), (f"{name}:credit", "issuance", "ana:available", PRICE)])
    world.work()
    _blocks_come(world)


def release_refused(world, draw):
    """Reward, withdrawal, settlement, refund, settlement, and then the release is refused: what it gives back was never burnt."""
    name = _name("refused", draw)
    world.post([(f"{name}:reward", "issuance", "bruno:available", 3 * PRICE)])
    world.cron()
    _blocks_wait(world)
    world.post([(f"{name}:out", "bruno:available", "token@", PRICE)])
    world.work()
    world.post([(f"{name}:refund", "bruno:available", "issuance", PRICE), (f"{name}:more", "issuance", "carla:available", PRICE)])
    world.work()
    _blocks_come(world)
    world.cron()


def several_wait(world, draw):
    """More operations wait for a block than there are lanes: each needs a nonce that the chain does not know yet. A sweep finds no receipt of any."""
    name = _name("several", draw)
    world.cron()  # nobody has an open entry
    _blocks_wait(world)
    for member in ("ana", "bruno", "carla", "dino", "elsa"):
        world.post([(f"{name}:{member}", "issuance", f"{member}:available", draw.randint(1, PRICE))])
        world.work()
    world.enqueue("stuck_transactions.sweep")
    world.work()
    _blocks_come(world)


def dies_when_sent(world, draw):
    """Between broadcast and whatever comes next the worker dies, twice."""
    name = _name("dies", draw)
    for member in draw.sample(["ana", "bruno", "carla", "dino"], 2):
        world.left["kill sent"] = 1
        world.post([(f"{name}:{member}", "issuance", f"{member}:available", draw.randint(1, PRICE))])
        world.work()


def late_commit(world, draw):
    """A transfer takes its id, a later one is covered by a settlement, and then the first is committed."""
    world.cron()
    FAULTS["late commit"](world, draw)


def refund_after_it_was_spent(world, draw):
    """What a refund cannot take is owed, and a credit repays it: the chain mints the credit and burns the repayment, in one entry or in two."""
    name, guest = _name("owed", draw), _guest(world, draw)
    world.post([(f"{name}:reward", "issuance", f"{guest}:available", 3 * PRICE)])
    world.cron()
    world.post([(f"{name}:out", f"{guest}:available", OUTSIDE, PRICE), (f"{name}:spent", f"{guest}:available", "treasury", PRICE)])
    world.cron()
    world.post([(f"{name}:refund", f"{guest}:parts", "issuance", 3 * PRICE)])
    if draw.randrange(2):
        world.cron()
    world.post([(f"{name}:lesson", "issuance", f"{guest}:maturing", PRICE), (f"{name}:deposit", OUTSIDE, guest, PRICE), (f"{name}:more", "issuance", f"{guest}:available", PRICE)])
    world.work()


def suspended_while_it_leaves(world, draw):
    """One withdrawal is signed and one waits for it when the member is suspended: he is settled as ever, the first completes, the second does not begin."""
    name, guest = _name("suspended", draw), _guest(world, draw)
    world.post([(f"{name}:reward", "issuance", f"{guest}:available", 3 * PRICE)])
    world.cron()
    _blocks_wait(world)
    world.post([(f"{name}:first", f"{guest}:available", OUTSIDE, PRICE), (f"{name}:second", f"{guest}:available", OUTSIDE, PRICE)])
    world.work(draw.choice([1, 200]))
    world.suspend(guest)
    world.post([(f"{name}:lesson", "issuance", f"{guest}:available", PRICE)])
    _blocks_come(world)
    world.cron()
    if draw.randrange(2):
        world.let_in(guest)


def restored_and_not_told(world, draw):
    """An older database, and nobody runs `flask chain recover` until numbers meet that the chain has used already.

    At first the token has used the number for another settlement, and tells so by itself. Then certificates had it, and what is owed since before the
    backup was minted under a later one: the token would take the number, and mint that once more."""
    _restored(world, draw, is_certified=False)
    world.cron()  # an operator recovers
    _restored(world, draw, is_certified=True)


def _restored(world, draw, is_certified):
    """What a guest was owed by the time of the backup is minted after it. With certificates before it, an operator lets the lanes go on afterwards, who looks
    at no number."""
    name, guest = _name("restored", draw), _guest(world, draw)
    world.cron()
    world.post([(f"{name}:before", "issuance", f"{guest}:available", PRICE)])
    world.forget_jobs()
    posted = world.copy("older")
    if is_certified:
        world.certify([(guest, draw.choice(COURSES))])
        world.work()
    world.post([(f"{name}:lost", "issuance", "ana:available", 2 * PRICE)])
    world.cron()
    world.forget_jobs()
    world.restore("older")
    world.posted = posted
    if is_certified:
        world.adopt_lanes()
    world.post([(f"{name}:after", "issuance", "bruno:available", PRICE)])
    for _ in range(2):  # on a busy machine an answer of the node may come too late
        world.cron()


MOTIFS = {
    "refund, deposit, credit": refund_deposit_credit,
    "release refused": release_refused,
    "several wait": several_wait,
    "dies when sent": dies_when_sent,
    "late commit of two": late_commit,
    "voided and reorganised": FAULTS["dropped by an operator"],
    "nonce taken": FAULTS["foreign nonce"],
    "restored and not told": restored_and_not_told,
    "refund after it was spent": refund_after_it_was_spent,
    "suspended while it leaves": suspended_while_it_leaves,
    "refused by a pause": FAULTS["contract paused"],
}


def _name(motif, draw):
    return f"{motif}:{draw.getrandbits(32)}"


def _guest(world, draw):
    """Somebody no other fault counts on."""
    name = f"guest{draw.getrandbits(32)}"
    world.join(name)
    return name


def _blocks_wait(world):
    node.mine_by_itself(world.anvil, False)


def _blocks_come(world):
    node.mine_by_itself(world.anvil, True)
    world.work()
