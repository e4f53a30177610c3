"""`make faults N=300 SEED=1`: schedules by seed, then the mutants; `make faults SEED=7` replays one and tells its story."""

import sys
import time
from collections import Counter

from rig.terminal import run, say
from tests.faults import schedule
from tests.faults.mutants import MUTANTS
from tests.faults.worlds import Worlds

MANY = 300
ENOUGH = 60  # schedules within which each mutant must be found
_WIDTH = 40


def main():
    count, seed = _asked(sys.argv[1:])
    began = time.monotonic()
    with Worlds(min(count, 2)) as worlds:
        outcomes = [_told(outcome, place, count) for place, outcome in enumerate(worlds.outcomes((each, None) for each in range(seed, seed + count)), 1)]
        _table(outcomes, time.monotonic() - began)
        if count == 1:
            _story(schedule.draw(seed))
            return bool(outcomes[0].violations)
        caught = [_said(*found) for found in worlds.first_found(list(MUTANTS), range(seed, seed + ENOUGH))]
    say(f"mutants caught         {sum(caught):6} of {len(caught)}, {time.monotonic() - began:.0f} s in all")
    return any(outcome.violations for outcome in outcomes) or not all(caught)


def _asked(words):
    """(how many, the first seed) from N=… and SEED=…; a seed alone is one to replay."""
    given = dict(word.split("=", 1) for word in words if word.split("=", 1)[1:] != [""])
    return int(given.get("N", 1 if "SEED" in given else MANY)), int(given.get("SEED", 1))


def _told(outcome, place, count):
    """Move the bar on; what a schedule broke is said at once."""
    if outcome.violations:
        say(f"\nSEED={outcome.seed} replays this: make faults SEED={outcome.seed}")
        for sentence in outcome.violations:
            say(f"  {sentence}")
    if sys.stdout.isatty() or outcome.violations or place in (1, count) or place % 10 == 0:
        done = _WIDTH * place // count
        print(f"\r[{'#' * done}{'.' * (_WIDTH - done)}] {place} of {count}", end="\n" if place == count or not sys.stdout.isatty() else "", flush=True)
    return outcome


def _table(outcomes, seconds):
    faults = sum((outcome.faults for outcome in outcomes), Counter())
    say("\nfaults and interleavings")
    for name, times in faults.most_common():
        say(f"  {name:24} {times:6}")
    say(f"schedules              {len(outcomes):6} in {seconds:.0f} s")
    say(f"faults                 {faults.total():6}")
    say(f"operations             {sum(outcome.operations for outcome in outcomes):6}")
    say(f"violations             {sum(len(outcome.violations) for outcome in outcomes):6}")


def _story(drawn):
    for place, act in enumerate(drawn.acts):
        strikes = ", ".join(name for name, _ in drawn.strikes.get(place, ()))
        before = f"{f'{act.newcomer} joins, ' if act.newcomer else ''}{f'the key of {act.replaced} is replaced, ' if act.replaced else ''}"
        before += f"{f'{act.suspended} is suspended, ' if act.suspended else ''}{f'{act.let_in} is let in again, ' if act.let_in else ''}"
        certified = f" and {len(act.achieved)} certificates" if act.achieved else ""
        say(f"act {place}: {before}{len(act.moves)} transfers{certified}{f'; {strikes}' if strikes else ''}")


def _said(name, outcome, place):
    """Whether the oracle found this broken build in time."""
    if outcome is None:
        say(f"mutant {name!r} is NOT caught by {ENOUGH} schedules")
        return False
    say(f"mutant {name!r} is caught by schedule {place} (SEED={outcome.seed}): {outcome.convictions[0]}")
    return True


if __name__ == "__main__":
    run(main)
