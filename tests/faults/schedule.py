"""Schedules drawn from a seed: what members do, and what goes wrong meanwhile."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from tests.faults.faults import FAULTS, OFTEN, SELDOM
from tests.faults.motifs import MOTIFS
from tests.faults.mutants import convicting
from tests.faults.world import COURSES, MEMBERS, OUTSIDE, TREASURY

LEAST, MOST = 20, 200  # operations
MOST_FAULTS = 6  # an interleaving is one of them
SELDOM_IN = 3  # one schedule of so many has a fault that needs an operator
MOTIF_IN = 0.75  # of the schedules have one of CHAIN.md's interleavings among their faults
REPLACED_IN = 0.25  # of the acts replace a member's key
SUSPENDED_IN = 0.1  # of the acts suspend a member
LET_IN_IN = 0.2  # of the acts let one in again
RELIED_ON = ("ana", "bruno")  # by faults and interleavings: never suspended, and owe nothing
CERTIFIED_IN = 0.3  # of the acts end courses for some members
MOST_CERTIFIED = 3
KEPT_IN = 0.5  # of what goes to him later goes to the address from before
TEO = 10**6
SMALL = 20_000  # half of such deposits wait for the others of their day


@dataclass(frozen=True)
class Act:
    """What happens between two looks of the workers: who joins, whose key is replaced, who is suspended and who let in again (or None), what members and
    strangers then move, and which courses, (name, slug), they complete."""

    newcomer: str | None
    replaced: str | None
    moves: list
    suspended: str | None = None
    let_in: str | None = None
    achieved: tuple = ()


@dataclass(frozen=True)
class Schedule:
    """`strikes` by act: (fault, seed)."""

    seed: int
    endpoints: int
    acts: list
    strikes: dict

    @property
    def operations(self):
        return sum(len(act.moves) for act in self.acts)

    @property
    def names(self):
        """Of the faults and interleavings."""
        return [name for strikes in self.strikes.values() for name, _ in strikes]


@dataclass
class Outcome:
    schedule: Schedule
    violations: list
    faults: Counter = field(default_factory=Counter)


def draw(seed):
    """The schedule of a seed, always the same."""
    dice = random.Random(seed)
    acts = _acts(dice)
    strikes = defaultdict(list)
    for name in _strikes(dice):
        strikes[dice.randrange(len(acts))].append((name, dice.getrandbits(32)))
    endpoints = dice.choice([1, 1, 2])
    acts = _with_replaced_keys(random.Random(f"keys of {seed}"), acts)
    acts = _with_suspensions(random.Random(f"suspensions of {seed}"), acts)
    return Schedule(seed, endpoints, _with_certificates(random.Random(f"certificates of {seed}"), acts), dict(strikes))


def shortest(name, count, among=300):
    """So many of the first schedules that have this fault or interleaving, those with the fewest operations."""
    having = (each for each in map(draw, range(1, among + 1)) if name in each.names)
    return sorted(having, key=lambda each: (each.operations, each.seed))[:count]


def run(world, schedule, mutant=None):
    """What the oracle says after it."""
    outcome = Outcome(schedule, [])
    dice = random.Random(schedule.seed)
    world.reset(mutant, schedule.endpoints)
    for place, act in enumerate(schedule.acts):
        for name, seed in schedule.strikes.get(place, ()):
            outcome.faults[name] += 1
            _DEEDS[name](world, random.Random(seed))
        if act.newcomer:
            world.join(act.newcomer)
        if act.replaced:
            world.replace_key(act.replaced)
        if act.suspended:
            world.suspend(act.suspended)
        if act.let_in:
            world.let_in(act.let_in)
        if act.achieved:
            world.certify(act.achieved)
        world.post(act.moves)
        world.work(dice.randint(1, 60))
        world.go_on()
        if dice.random() < 0.3:
            world.cron()
        outcome.violations = _crimes(world, mutant)
        if outcome.violations:
            return outcome
    world.calm()
    outcome.violations = world.violations()
    return outcome


def _crimes(world, mutant):
    """What a broken build has earned by now: it need not go on. After a restored database only the end tells, as rows that are lost come back."""
    return [] if mutant is None or world.is_restored else convicting(mutant, world.violations(is_quiet=False))


def _strikes(dice):
    count = dice.randint(1, MOST_FAULTS)
    motifs = [dice.choice(sorted(MOTIFS))] if dice.random() < MOTIF_IN else []
    return motifs + [dice.choice(SELDOM if dice.randrange(SELDOM_IN * MOST_FAULTS // 2) == 0 else OFTEN) for _ in range(count - len(motifs))]


def _acts(dice):
    wanted = min(dice.randint(LEAST, MOST) for _ in range(4))  # short ones find as much in less time
    members, balances, acts = list(MEMBERS), Counter(treasury=TREASURY // 2), []
    while wanted > 0:
        newcomer = f"newcomer{len(members)}" if dice.random() < 0.1 else None
        members += [newcomer] if newcomer else []
        moves = [_move(dice, f"{len(acts)}:{number}", members, balances) for number in range(min(wanted, dice.randint(1, dice.choice([4, 30, 60]))))]
        acts.append((newcomer, moves))
        wanted -= len(moves)
    return acts


def _with_replaced_keys(dice, acts):
    """Dice of their own: what else a seed draws stays what it was."""
    members, replaced, found = list(MEMBERS), set(), []
    for newcomer, moves in acts:
        members += [newcomer] if newcomer else []
        name = dice.choice(members) if dice.random() < REPLACED_IN else None
        replaced |= {name} - {None}
        found.append(Act(newcomer, name, [_to_who_kept_it(dice, move, replaced) for move in moves]))
    return found


def _with_certificates(dice, acts):
    """Dice of their own, again."""
    members, found = list(MEMBERS), []
    for act in acts:
        members += [act.newcomer] if act.newcomer else []
        count = dice.randint(1, MOST_CERTIFIED) if dice.random() < CERTIFIED_IN else 0
        found.append(replace(act, achieved=tuple((dice.choice(members), dice.choice(COURSES)) for _ in range(count))))
    return found


def _to_who_kept_it(dice, move, replaced):
    """A withdrawal to another member's address, or a stranger's deposit, may go to the one that was replaced."""
    key, source, target, amount = move
    is_sent = source == OUTSIDE or target.endswith("@")
    if is_sent and target.removesuffix("@") in replaced and dice.random() < KEPT_IN:
        return key, source, f"{target.removesuffix('@')}@before", amount
    return move


def _with_suspensions(dice, acts):
    """Who is suspended asks for no withdrawal: he stakes instead."""
    members, out, found = [name for name in MEMBERS if name not in RELIED_ON], [], []
    for act in acts:
        members += [act.newcomer] if act.newcomer else []
        let_in = dice.choice(out) if out and dice.random() < LET_IN_IN else None
        out = [name for name in out if name != let_in]
        suspended = dice.choice(members) if dice.random() < SUSPENDED_IN else None
        out += [suspended] if suspended and suspended not in out else []
        found.append(replace(act, suspended=suspended, let_in=let_in if let_in != suspended else None, moves=[_stays(move, out) for move in act.moves]))
    return found


def _stays(move, out):
    key, source, target, amount = move
    owner = source.partition(":")[0]
    return (key, source, f"{owner}:staked", amount) if "@" in target and owner in out else move


def _move(dice, key, members, balances):
    """One transfer that its source can bear; a refund may take more than is there."""
    member, other = dice.sample(members, 2)
    possible = [(source.format(member, other), target.format(member, other)) for source, target in KINDS]
    source, target = dice.choice([each for each in possible if each[0] in _ENDLESS or balances[each[0]] > 0 or _may_owe(each[0])])
    amount = dice.randint(1, _most(dice, source, balances))
    (_take_back if source.endswith(":parts") else _book)(balances, source, target, amount)
    return f"act:{key}", source, target, amount


def _may_owe(source):
    owner, _, part = source.partition(":")
    return part == "parts" and owner not in RELIED_ON


def _most(dice, source, balances):
    if source in _ENDLESS:
        return dice.choice([SMALL, 20 * TEO])
    if source.endswith(":parts"):
        return sum(balances[part] for part in _taken_from(source)) + dice.choice([SMALL, TEO])
    return min(20 * TEO, balances[source])


def _book(balances, source, target, amount):
    """What he has at least: a deposit, and what a refused withdrawal gives back, may come at any time, and repay what he owes."""
    owner = target.partition(":")[0]
    is_credit = ":" in target and (source.partition(":")[0] != owner or source.endswith(":maturing"))
    repaid = min(amount, balances[f"{owner}:debt"]) if is_credit else 0
    balances[source] -= amount
    balances[f"{owner}:debt"] -= repaid
    balances[target] += amount - repaid if source != OUTSIDE else 0  # a stranger has what he has


def _take_back(balances, source, _, amount):
    for part in _taken_from(source):
        share = min(amount, balances[part])
        balances[part] -= share
        amount -= share
    balances[source.replace(":parts", ":debt")] += amount


def _taken_from(source):
    return [source.replace(":parts", f":{part}") for part in ("maturing", "available")]


# (source, target): a reward, a lesson's, its maturity, a stake, its end, a spending, a grant, a gift, what is taken back from a part, and a refund that takes from
# all parts and may leave a debt; withdrawals
# to a stranger, to another member's address and to where the contract refuses them; a stranger's deposit.
KINDS = (
    ("issuance", "{0}:available"),
    ("issuance", "{0}:maturing"),
    ("{0}:maturing", "{0}:available"),
    ("{0}:available", "{0}:staked"),
    ("{0}:staked", "{0}:available"),
    ("{0}:available", "treasury"),
    ("treasury", "{0}:available"),
    ("{0}:available", "{1}:available"),
    ("{0}:available", "issuance"),
    ("{0}:maturing", "issuance"),
    ("{0}:parts", "issuance"),
    ("{0}:available", OUTSIDE),
    ("{0}:available", "{1}@"),
    ("{0}:available", "token@"),
    (OUTSIDE, "{0}"),
)
_ENDLESS = ("issuance", OUTSIDE)
_DEEDS = FAULTS | MOTIFS
