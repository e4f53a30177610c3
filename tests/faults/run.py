"""`make faults N=300 SEED=1`: schedules by seed, then the mutants; `make faults SEED=7` replays one and tells its story."""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rig.terminal import run, say
from tests.faults import schedule
from tests.faults.mutants import MUTANTS
from tests.faults.world import World

MANY = 300
ENOUGH = 60  # schedules within which each mutant must be found
_WIDTH = 40


def main():
    count, seed = _asked(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="lms-faults-", ignore_cleanup_errors=True) as directory, World(Path(directory)) as world:
        outcomes = [_told(schedule.run(world, schedule.draw(each)), place, count) for place, each in enumerate(range(seed, seed + count), 1)]
        _table(outcomes)
        if count == 1:
            _story(outcomes[0])
            return bool(outcomes[0].violations)
        missed = [name for name in MUTANTS if not _caught(world, name, seed)]
    return any(outcome.violations for outcome in outcomes) or bool(missed)


def _asked(words):
    """(how many, the first seed) from N=… and SEED=…; a seed alone is one to replay."""
    given = dict(word.split("=", 1) for word in words if word.split("=", 1)[1:] != [""])
    return int(given.get("N", 1 if "SEED" in given else MANY)), int(given.get("SEED", 1))


def _told(outcome, place, count):
    """Move the bar on; what a schedule broke is said at once."""
    if outcome.violations:
        say(f"\nSEED={outcome.schedule.seed} replays this: make faults SEED={outcome.schedule.seed}")
        for sentence in outcome.violations:
            say(f"  {sentence}")
    if sys.stdout.isatty() or outcome.violations or place in (1, count) or place % 10 == 0:
        done = _WIDTH * place // count
        print(f"\r[{'#' * done}{'.' * (_WIDTH - done)}] {place} of {count}", end="\n" if place == count or not sys.stdout.isatty() else "", flush=True)
    return outcome


def _table(outcomes):
    faults = sum((outcome.faults for outcome in outcomes), Counter())
    say("\nfaults")
    for name, times in faults.most_common():
        say(f"  {name:20} {times:6}")
    say(f"schedules              {len(outcomes):6}")
    say(f"faults                 {faults.total():6}")
    say(f"operations             {sum(outcome.schedule.operations for outcome in outcomes):6}")
    say(f"violations             {sum(len(outcome.violations) for outcome in outcomes):6}")


def _story(outcome):
    for place, (newcomer, moves) in enumerate(outcome.schedule.acts):
        strikes = ", ".join(name for name, _ in outcome.schedule.strikes.get(place, ()))
        say(f"act {place}: {f'{newcomer} joins, ' if newcomer else ''}{len(moves)} transfers{f'; {strikes}' if strikes else ''}")


def _caught(world, name, seed):
    """Whether the oracle finds this broken build in time."""
    began = time.monotonic()
    for place, each in enumerate(range(seed, seed + ENOUGH), 1):
        if violations := schedule.run(world, schedule.draw(each), name).violations:
            say(f"mutant {name!r} is caught by schedule {place} (SEED={each}, {time.monotonic() - began:.0f} s): {violations[0]}")
            return True
    say(f"mutant {name!r} is NOT caught by {ENOUGH} schedules")
    return False


if __name__ == "__main__":
    run(main)
