"""What can go wrong, by name. A fault is told to the world before members act; `draw` is its own seeded random.Random."""

from dataclasses import dataclass

from tests.faults import node
from tests.faults.proxy import TEXTS
from tests.faults.world import TREASURY, job

_ANY = ("eth_sendRawTransaction", "eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionCount", "eth_estimateGas", "eth_feeHistory",
        "eth_getBlockByNumber", "eth_getCode", "eth_getBalance")  # fmt: skip
_HOUR = 3_600
_DEEPEST = 4  # blocks
_BACKUP_AGE = 50  # operations
ROBBED = TREASURY // 8


@dataclass(frozen=True)
class Fault:
    """`excuses` names the oracle's groups that need not hold while the pipeline has no answer to it."""

    strike: object
    excuses: tuple = ()


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
    world.later(lambda: (node.drop_waiting(world.anvil), node.mine_by_itself(world.anvil, True)))


def _waits(world, draw):
    """Blocks come late, so that more than one operation waits for them."""
    node.mine_by_itself(world.anvil, False)
    world.later(lambda: node.mine_by_itself(world.anvil, True), draw.randint(1, 30))


def _rolled_back(world, draw):
    depth = draw.randint(1, _DEEPEST)
    world.later(lambda: node.roll_back(world.anvil, min(depth, world.head - world.base)))


def _reorganised(world, draw):
    depth = draw.randint(1, _DEEPEST)
    world.later(lambda: node.reorganise(world.anvil, min(depth, world.head - world.base)))


def _base_fee(world, draw):
    node.set_base_fee(world.anvil, draw.choice([50, 300, 3_000]))


def _empty_account(world, draw):
    node.set_balance(world.anvil, world.signer, 0)


def _killed(world, draw):
    world.kill = draw.randint(1, 60)


def _connection_cut(world, draw):
    world.cut = draw.randint(1, 80)


def _two_workers(world, draw):
    world.workers = 2


def _fifty_times(world, draw):
    operation = world.newest_operation()
    name, args = draw.choice([("settlement.settle", ()), ("chain.submit", operation), ("chain.confirm", operation)])
    for _ in range(50):
        world.enqueue(name, *args)


def _redis_flushed(world, draw):
    world.later(world.forget_jobs)


def _redis_restarted(world, draw):
    world.redis.process.child.kill()
    world.later(world.redis.start)


def _clock_jumps(world, draw):
    world.move_clock(draw.choice([-_HOUR, 60, _HOUR, 24 * _HOUR]))


def _deploy(world, draw):
    """What a deploy runs, while the workers work on."""
    commands = [job("tests.faults.deeds.command", *words) for words in (("db", "upgrade"), ("chain", "signer"), ("chain", "deploy"))]
    world.later(lambda: world.run(*commands, job("lms.jobs.chain.sweep"), job("lms.jobs.settlement.settle")))


def _late_commit(world, draw):
    """A transfer that took its id early is committed after a later one was covered."""
    name = f"late:{draw.getrandbits(32)}"
    early = (f"{name}:early", "issuance", "ana:maturing", draw.randint(1, 9) * 10**6)
    later = (f"{name}:later", "treasury", "ana:available", draw.randint(1, 9) * 10**6)
    world.insist(job("tests.faults.deeds.post_late", early, later))
    world.posted |= {early[0]: early[3], later[0]: later[3]}


def _foreign_nonce(world, draw):
    world.insist(job("tests.faults.deeds.send_from_the_same_key", trapped=False))


def _restored(world, draw):
    """The database as it was, and members go on; what they were told since is lost to it."""
    posted = world.copy("backup")

    def restore():
        world.restore("backup")
        world.posted = posted

    world.later(restore, _BACKUP_AGE)


def _holder_robbed(world, draw):
    """Tokens leave the treasury's address without us, so that a burn finds too few."""
    world.rob()
    world.post([(f"robbed:{draw.getrandbits(32)}", "treasury", "issuance", ROBBED)])


FAULTS = {
    "answer lost": Fault(_by_proxy("answer lost", _ANY, 3)),
    "line cut": Fault(_by_proxy("line cut", _ANY, 3)),
    "502": Fault(_by_proxy("502", _ANY, 3)),
    "hang": Fault(_by_proxy("hang", _ANY, 1)),
    "null": Fault(_by_proxy("null", _ANY, 3)),
    "no receipt": Fault(_by_proxy("null", ["eth_getTransactionReceipt"], 20)),
    "stale receipt": Fault(_by_proxy("stale receipt", ["eth_getTransactionReceipt"], 5)),
    "low head": Fault(_by_proxy("low head", ["eth_getBlockByNumber"], 5)),
    "other chain": Fault(_by_proxy("other chain", ["eth_chainId"], 3)),
    "another client": Fault(_another_client),
    "bor's demands": Fault(_bors_demands),
    "dropped": Fault(_dropped),
    "late blocks": Fault(_waits),
    "rolled back": Fault(_rolled_back),
    "reorganised": Fault(_reorganised),
    "base fee": Fault(_base_fee),
    "empty account": Fault(_empty_account),
    "killed": Fault(_killed),
    "connection cut": Fault(_connection_cut),
    "two workers": Fault(_two_workers),
    "fifty times": Fault(_fifty_times),
    "redis flushed": Fault(_redis_flushed),
    "redis restarted": Fault(_redis_restarted),
    "clock jumps": Fault(_clock_jumps),
    "deploy": Fault(_deploy),
    "late commit": Fault(_late_commit),
    "foreign nonce": Fault(_foreign_nonce, excuses=("quiet",)),  # the lane halts until `flask chain adopt`
    "holder robbed": Fault(_holder_robbed, excuses=("quiet",)),  # settlement stands still until skipped burns are uncovered
    "restored": Fault(_restored, excuses=("quiet", "history")),  # until `flask chain recover`
}
# After those with excuses less can be checked, so they are drawn apart and seldom; kills are what all the rest is about.
HEALED = (*(name for name, fault in FAULTS.items() if not fault.excuses), *["killed"] * 8, *["connection cut"] * 3)
UNHEALED = tuple(name for name, fault in FAULTS.items() if fault.excuses)
