"""Signs that tokens were not earned honestly. Each is a small pure function of what is known of the member: the facts that raise it, or None.

They send a withdrawal before an admin and refuse nothing. Which one did is told to admins alone: who is told what caught him does it otherwise the next time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from disposable_email_domains import blocklist

from lms.db import Facts
from lms.domain.desk.risk_signals import Signals
from lms.domain.rulebook.amounts import MICRO

HEAVY = 40  # points: one such sign is enough to look closely
NEW = timedelta(days=7)
NEIGHBOURS = 3  # others of one network who ask for TEO: fewer are a family, or a school
MUCH_IN_A_WEEK, TIMES_AS_MUCH = 50 * MICRO, 4
LESSONS_TO_JUDGE_BY, QUIZZES_TO_JUDGE_BY, SALES_TO_JUDGE_BY = 5, 3, 3
SALES_TO_A_DISPUTE = 100  # of an honest teacher at least so many; card networks look closer at who has more than one in a hundred


def new_account(found: Signals) -> Facts | None:
    """It asks within a week of its sign-up."""
    age = found.asked_at - found.joined_at
    return {"days": age.days} if age < NEW else None


def new_address(found: Signals) -> Facts | None:
    """The address was linked within the last week."""
    if found.linked_at is None or found.asked_at - found.linked_at >= NEW:
        return None
    return {"days": (found.asked_at - found.linked_at).days}


def shared_address(found: Signals) -> Facts | None:
    """Somebody else links, or linked, the same address, or had TEO sent there."""
    return {"members": list(found.same_address)} if found.same_address else None


def shared_device(found: Signals) -> Facts | None:
    """Somebody else signed in with the same browser."""
    return {"members": list(found.same_device)} if found.same_device else None


def shared_network(found: Signals) -> Facts | None:
    """Several others of the same network ask for TEO, too."""
    return {"members": list(found.same_network)} if len(found.same_network) >= NEIGHBOURS else None


def reward_velocity(found: Signals) -> Facts | None:
    """This week brought much, by learning and by sales, and far more than the weeks before did."""
    week, weekly = found.rewarded + found.sold_for, (found.rewarded_before + found.sold_for_before) // 8
    if week < MUCH_IN_A_WEEK or week <= TIMES_AS_MUCH * weekly:
        return None
    return {"week": week, "before": weekly}


def hasty_learning(found: Signals) -> Facts | None:
    """Most lessons of the month were completed in less time than it takes to read a fifth of them, or most quizzes passed in less than it takes to read their questions."""
    facts: Facts = {}
    if found.lessons >= LESSONS_TO_JUDGE_BY and 2 * found.hasty_lessons >= found.lessons:
        facts |= {"hasty": found.hasty_lessons, "lessons": found.lessons}
    if found.quizzes >= QUIZZES_TO_JUDGE_BY and 2 * found.hasty_quizzes >= found.quizzes:
        facts |= {"hasty_quizzes": found.hasty_quizzes, "quizzes": found.quizzes}
    return facts or None


def circle(found: Signals) -> Facts | None:
    """Who bought of him, or sold to him, shares his browser, his address or his network; or did both; or one member bought most of what he sold."""
    close = set(found.partners) & {*found.same_address, *found.same_device, *found.same_network}
    facts: Facts = {name: sorted(members) for name, members in (("members", close), ("mutual", found.mutual)) if members}
    if found.sales >= SALES_TO_JUDGE_BY and 2 * found.sales_to_one >= found.sales:
        facts |= {"sales": found.sales, "to_one": found.sales_to_one}
    return facts or None


def refund_after_reward(found: Signals) -> Facts | None:
    """Courses that had brought rewards were given back."""
    return {"refunds": found.taken_back} if found.taken_back else None


def disposable_mail(found: Signals) -> Facts | None:
    """The mail address is of a provider whose addresses are thrown away."""
    domain = found.email.rpartition("@")[2].lower()
    return {"domain": domain} if domain in blocklist else None


def caps_reached(found: Signals) -> Facts | None:
    """Rewards were above the daily limit on several days of the month."""
    return {"days": found.capped_days} if found.capped_days > 1 else None


def disputed(found: Signals) -> Facts | None:
    """His bank asked payments of his back, or the banks of his buyers not just a few of what he sold."""
    facts = {"disputes": found.disputes} if found.disputes else {}
    if found.disputed_sales and found.disputed_sales * SALES_TO_A_DISPUTE >= found.sales:
        facts["sold"] = found.disputed_sales
    return facts or None


RISKS: dict[str, Callable[[Signals], Facts | None]] = {
    "new account": new_account,
    "new address": new_address,
    "shared address": shared_address,
    "shared device": shared_device,
    "shared network": shared_network,
    "reward velocity": reward_velocity,
    "hasty learning": hasty_learning,
    "circle": circle,
    "refund after reward": refund_after_reward,
    "disposable mail": disposable_mail,
    "caps reached": caps_reached,
    "dispute": disputed,
}


def raised(found: Signals, weights: Mapping[str, int]) -> list[Facts]:
    """[{"name", "weight", "facts"}] of the flags that are raised, the heaviest first. `weights` are a rulebook's: {name: points}, 0 switches one off."""
    facts = {name: judge(found) for name, judge in RISKS.items() if weights.get(name, 0)}
    flags = [dict(name=name, weight=weights[name], facts=why) for name, why in facts.items() if why is not None]
    return sorted(flags, key=lambda flag: -flag["weight"])


def news(kept: Iterable[Facts], found: Iterable[Facts]) -> list[Facts]:
    """Those of the flags `found` that say more than what is `kept` of them: another member, a higher number. Each with all that it ever said: who was named stays named."""
    before = {flag["name"]: flag["facts"] for flag in kept}
    return [flag | {"facts": _together(before.get(flag["name"], {}), flag["facts"])} for flag in found if _says_more(before.get(flag["name"], {}), flag["facts"])]


def _says_more(before: Facts, now: Facts) -> bool:
    return any(name not in before or _is_more(before[name], value) for name, value in now.items())


def _is_more(before: Any, now: Any) -> bool:
    if isinstance(now, list):
        return not set(now) <= set(before)
    return bool(now != before if isinstance(now, str) else now > before)


def _together(before: Facts, now: Facts) -> Facts:
    return before | {name: _most(before[name], value) if name in before else value for name, value in now.items()}


def _most(before: Any, now: Any) -> Any:
    """Of names all, of numbers the higher one; of a word the one that is said now."""
    if isinstance(now, list):
        return sorted({*before, *now})
    return now if isinstance(now, str) else max(before, now)
