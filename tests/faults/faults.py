"""What can go wrong, by name. A fault is told to the world before members act; `draw` is its own seeded random.Random."""

from tests.faults import node
from tests.faults.node import FINAL
from tests.faults.proxy import TEXTS
from tests.faults.world import DROPPED_COURSE, LANES, MEMBERS, OUTSIDE, TREASURY, job

_ANY = ("eth_sendRawTransaction", "eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionCount", "eth_estimateGas", "eth_feeHistory",
        "eth_getBlockByNumber", "eth_getCode", "eth_getBalance", "eth_call", "eth_getLogs")  # fmt: skip
_HOUR = 3_600
_DEEPEST = FINAL  # blocks: only a node that is killed forgets what was final
_BACKUP_AGE = 50  # operations
ROBBED = TREASURY // 8
PRICE = 10**6  # millionths of TEO


def _by_proxy(fault, methods, most):
    def strike(world, draw):
        for faults in _doors(world, draw):
            faults.arm(fault, draw.choice(methods), draw.randint(1, most))

    return strike


def _doors(world, draw):
    """One of the doors to the node, or all."""
    doors = world.faults[: world.endpoints]
    return draw.choice([doors, *([door] for door in doors)])


def _another_client(world, draw):
    for faults in _doors(world, draw):
        faults.language = draw.choice(sorted(TEXTS))


def _bors_demands(world, draw):
    for faults in world.faults:
        faults.strict = True


def _dropped(world, draw):
    """What is sent next waits, and the pool forgets it."""
    node.mine_by_itself(world.anvil, False)
    world.later(lambda: (node.drop_waiting(world.anvil), node.mine_by_itself(world.anvil, True), world.resend()))


def _waits(world, draw):
    """Blocks come late, so that more than one operation waits for them."""
    node.mine_by_itself(world.anvil, False)
    world.later(lambda: node.mine_by_itself(world.anvil, True), draw.randint(1, 30))


def _rolled_back(world, draw):
    depth = draw.randint(1, _DEEPEST)
    world.later(lambda: (node.roll_back(world.anvil, min(depth, world.head - world.base)), world.resend()))


def _reorganised(world, draw):
    depth = draw.randint(1, _DEEPEST)
    world.later(lambda: (node.reorganise(world.anvil, min(depth, world.head - world.base)), world.resend()))


def _base_fee(world, draw):
    node.set_base_fee(world.anvil, draw.choice([50, 300, 3_000]))


def _empty_account(world, draw):
    node.set_balance(world.anvil, draw.choice(world.signers), 0)


def _killed(world, draw):
    world.left["kill"] = draw.randint(1, 60)


def _killed_when_sent(world, draw):
    """A node has taken the transaction, and the worker dies before it is told so."""
    world.left["kill sent"] = draw.randint(1, 3)


def _connection_cut(world, draw):
    world.left["cut"] = draw.randint(1, 80)


def _two_workers(world, draw):
    world.workers = 2


def _fifty_times(world, draw):
    operation = world.newest_operation()
    jobs = [("settlement.settle", ()), ("chain.submit", operation), ("chain.drive", [draw.choice(world.signers)]), ("stuck_transactions.sweep", ()), ("deposits.scan", ())]
    name, args = draw.choice(jobs)
    for _ in range(50):
        world.enqueue(name, *args)


def _redis_flushed(world, draw):
    world.later(world.forget_jobs)


def _redis_restarted(world, draw):
    world.redis.process.child.kill()
    world.later(world.redis.start)


def _node_killed(world, draw):
    forgets = draw.randrange(3) == 0
    world.later(lambda: world.kill_node(forgets))


def _clock_jumps(world, draw):
    world.move_clock(draw.choice([-_HOUR, 60, _HOUR, 24 * _HOUR]))


def _deploy(world, draw):
    """What a deploy runs, while the workers work on."""
    commands = [job("tests.faults.deeds.command", *words) for words in (("db", "upgrade"), ("chain", "signer"), ("chain", "deploy"))]
    world.later(lambda: world.run(*commands, job("lms.jobs.stuck_transactions.sweep"), job("lms.jobs.settlement.settle")))


def _late_commit(world, draw):
    """A transfer that took its id early is committed after a later one was covered."""
    name = f"late:{draw.getrandbits(32)}"
    amount = draw.randint(1, 9) * 10**6
    before = (f"{name}:before", "issuance", "ana:available", amount)
    # The two lock no account alike: a credit locks the member's debt, too.
    early = (f"{name}:early", "ana:available", "treasury", amount)
    later = (f"{name}:later", "issuance", "ana:maturing", draw.randint(1, 9) * 10**6)
    world.insist(job("tests.faults.deeds.post", [before]))
    world.insist(job("tests.faults.deeds.post_late", early, later))
    world.acknowledged((before, early, later))


def _foreign_nonce(world, draw):
    """Somebody has our key; now and then he wants the nonce of what waits for its block."""
    lane = draw.randrange(LANES)
    if draw.randrange(2):
        node.mine_by_itself(world.anvil, False)
        world.post([(f"pushed:{draw.getrandbits(32)}", "issuance", "ana:available", 10**6)])
        world.work()
    world.send_from_the_same_key(lane)
    node.mine_by_itself(world.anvil, True)


def _dropped_by_an_operator(world, draw):
    """A withdrawal or a settlement, and now and then a certificate, that waits for its block is voided; then the chain leaves that block behind, and
    what was voided happens."""
    kind = draw.choice(["release", "settle"])
    name = f"dropped:{draw.getrandbits(32)}"
    world.post([(f"{name}:credit", "issuance", "ana:available", 10**6)])
    world.cron()
    node.mine_by_itself(world.anvil, False)
    world.post([(f"{name}:withdrawal", "ana:available", OUTSIDE, 10**6)] if kind == "release" else [(f"{name}:more", "issuance", "ana:available", 10**6)])
    _drop_what_waits(world, kind)
    if draw.randrange(2):
        node.mine_by_itself(world.anvil, False)
        world.certify([(draw.choice(MEMBERS), DROPPED_COURSE)])
        _drop_what_waits(world, "certificates")


def _drop_what_waits(world, kind):
    world.work()
    dropped = world.open_operations(kind)[:1]
    for operation in dropped:
        world.insist(job("tests.faults.deeds.command", "chain", "void", str(operation)))
    node.mine_by_itself(world.anvil, True)
    world.work()
    for _ in range(2):  # mined for the first, final for the second if that comes too early
        world.enqueue("stuck_transactions.sweep")
        world.work()
    node.reorganise(world.anvil, min(_DEEPEST, world.head - world.base))
    for operation in dropped:
        world.send_first_attempt(operation)  # a node has kept it
    world.resend()


def _replaced_by_an_operator(world, draw):
    for operation in (world.open_operations("settle") + world.open_operations("release"))[:1]:
        world.run(job("tests.faults.deeds.command", "chain", "replace", str(operation)))


def _paused(world, draw):
    world.insist(job("tests.faults.deeds.command", "chain", "pause", "a test"))
    world.is_paused = True
    world.later(lambda: setattr(world, "is_paused", False), draw.randint(1, 30))


def _contract_paused(world, draw):
    """A signer pauses the contract while a settlement waits for its block: that is refused there, and goes again once the admin has ended the pause."""
    node.mine_by_itself(world.anvil, False)
    world.post([(f"paused:{draw.getrandbits(32)}", "issuance", "ana:available", PRICE)])
    world.work()
    world.pause_contract(draw.randrange(LANES))
    node.mine_by_itself(world.anvil, True)
    world.later(lambda: setattr(world, "keeps_contract_paused", False), draw.randint(1, 30))


def _restored(world, draw):
    """The database as it was, and members go on; what they were told since is lost to it."""
    posted = world.copy("backup")

    def restore():
        world.restore("backup")
        world.posted = posted
        world.recover()

    world.later(restore, _BACKUP_AGE)


def _holder_robbed(world, draw):
    """Tokens leave the treasury's address without us, so that a burn finds too few."""
    world.rob()
    world.post([(f"robbed:{draw.getrandbits(32)}", "treasury", "issuance", ROBBED)])


FAULTS = {
    "answer lost": _by_proxy("answer lost", _ANY, 3),
    "line cut": _by_proxy("line cut", _ANY, 3),
    "502": _by_proxy("502", _ANY, 3),
    "hang": _by_proxy("hang", _ANY, 1),
    "null": _by_proxy("null", _ANY, 3),
    "no receipt": _by_proxy("null", ["eth_getTransactionReceipt"], 20),
    "stale receipt": _by_proxy("stale receipt", ["eth_getTransactionReceipt"], 5),
    "low head": _by_proxy("low head", ["eth_getBlockByNumber"], 5),
    "other chain": _by_proxy("other chain", ["eth_chainId"], 3),
    "another client": _another_client,
    "bor's demands": _bors_demands,
    "dropped": _dropped,
    "late blocks": _waits,
    "rolled back": _rolled_back,
    "reorganised": _reorganised,
    "base fee": _base_fee,
    "empty account": _empty_account,
    "killed": _killed,
    "killed when sent": _killed_when_sent,
    "connection cut": _connection_cut,
    "two workers": _two_workers,
    "fifty times": _fifty_times,
    "redis flushed": _redis_flushed,
    "redis restarted": _redis_restarted,
    "node killed": _node_killed,
    "clock jumps": _clock_jumps,
    "deploy": _deploy,
    "late commit": _late_commit,
    "dropped by an operator": _dropped_by_an_operator,
    "replaced by an operator": _replaced_by_an_operator,
    "paused": _paused,
    "contract paused": _contract_paused,
    "foreign nonce": _foreign_nonce,
    "holder robbed": _holder_robbed,
    "restored": _restored,
}
# These need an operator and much of a schedule's time, so they are seldom drawn; kills are what all the rest is about.
SELDOM = ("foreign nonce", "holder robbed", "restored", "dropped by an operator", "replaced by an operator", "paused", "contract paused")
OFTEN = (*(name for name in FAULTS if name not in SELDOM), *["killed"] * 8, *["connection cut"] * 3)
