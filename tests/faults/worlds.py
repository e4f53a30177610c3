"""Worlds side by side, each in a process of its own: schedules go to whichever is free."""

import multiprocessing
import tempfile
import traceback
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import schedule
from tests.faults.world import World


@dataclass
class Outcome:
    """What a schedule did. `is_broken`: the rig could not go on, which counts as a violation, and catches no mutant."""

    seed: int
    mutant: str | None
    operations: int = 0
    violations: list = field(default_factory=list)
    faults: Counter = field(default_factory=Counter)
    is_broken: bool = False

    @property
    def is_caught(self):
        return bool(self.violations) and not self.is_broken


class Worlds:
    def __init__(self, count):
        self._context = multiprocessing.get_context("spawn")
        self._asked, self._answers = self._context.SimpleQueue(), self._context.SimpleQueue()
        self._processes = [self._context.Process(target=_serve, args=(self._asked, self._answers)) for _ in range(count)]

    def __enter__(self):
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_):
        for _ in self._processes:
            self._asked.put(None)
        for process in self._processes:
            process.join()

    def outcomes(self, runs):
        """The Outcome of each (seed, mutant), as they come."""
        runs = deque(runs)
        under_way = sum(self._begin(runs) for _ in self._processes)
        while under_way:
            yield self._answers.get()
            under_way += self._begin(runs) - 1

    def first_found(self, mutants, seeds):
        """(mutant, Outcome or None, how many schedules it took) of each broken build; a build that is found is left alone."""
        waiting, tried = deque(mutants), Counter()
        under_way = sum(self._try_next(waiting, seeds, tried) for _ in self._processes)
        while under_way:
            outcome = self._answers.get()
            name = outcome.mutant
            if outcome.is_caught or tried[name] == len(seeds):
                yield name, outcome if outcome.is_caught else None, tried[name]
                under_way += self._try_next(waiting, seeds, tried) - 1
            else:
                self._try(name, seeds, tried)

    def _begin(self, runs):
        if runs:
            self._asked.put(runs.popleft())
            return 1
        return 0

    def _try_next(self, waiting, seeds, tried):
        if waiting:
            self._try(waiting.popleft(), seeds, tried)
            return 1
        return 0

    def _try(self, name, seeds, tried):
        self._asked.put((seeds[tried[name]], name))
        tried[name] += 1


def _serve(asked, answers):
    """Run what is asked for in a world, and make a new world after one that could not go on."""
    run = asked.get()
    while run:
        with tempfile.TemporaryDirectory(prefix="lms-faults-", ignore_cleanup_errors=True) as directory, World(Path(directory)) as world:
            is_whole = True
            while run and is_whole:
                outcome = _outcome(world, *run)
                answers.put(outcome)
                is_whole, run = not outcome.is_broken, asked.get()


def _outcome(world, seed, mutant):
    drawn = schedule.draw(seed)
    outcome = Outcome(seed, mutant, drawn.operations)
    try:
        done = schedule.run(world, drawn, mutant)
        outcome.violations, outcome.faults = done.violations, done.faults
    except Exception:  # the others go on
        outcome.violations, outcome.is_broken = [traceback.format_exc()], True
    return outcome
