"""Worlds side by side, each in a process of its own: schedules go to whichever is free."""

import multiprocessing
import tempfile
import traceback
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from pathlib import Path

from tests.faults import schedule
from tests.faults.mutants import convicting
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
    def convictions(self):
        """What proves that the oracle has found the mutant."""
        return [] if self.is_broken else convicting(self.mutant, self.violations)


class Worlds:
    """Each at the other end of a pipe: when we die, however we do, it ends too."""

    def __init__(self, count):
        self._context, self._count = multiprocessing.get_context("spawn"), count
        self._pipes, self._processes = [], []

    def __enter__(self):
        for _ in range(self._count):
            ours, its = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(its,))
            process.start()
            its.close()
            self._pipes.append(ours)
            self._processes.append(process)
        return self

    def __exit__(self, *_):
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join()

    def outcomes(self, runs):
        """The Outcome of each (seed, mutant), as they come."""
        runs = deque(runs)
        busy = [pipe for pipe in self._pipes if _ask_next(pipe, runs)]
        while busy:
            for pipe in connection.wait(busy):
                yield pipe.recv()
                if not _ask_next(pipe, runs):
                    busy.remove(pipe)

    def first_found(self, mutants, seeds):
        """(mutant, Outcome or None, how many schedules it took) of each broken build; one that is found is left alone."""
        searches = deque([(mutant, deque(seeds)) for mutant in mutants])
        busy = {pipe: searches.popleft() for pipe in self._pipes if searches}
        for pipe, (mutant, left) in busy.items():
            pipe.send((left.popleft(), mutant))
        while busy:
            for pipe in connection.wait(list(busy)):
                (mutant, left), outcome = busy[pipe], pipe.recv()
                if outcome.convictions or not left:
                    yield mutant, outcome if outcome.convictions else None, len(seeds) - len(left)
                    del busy[pipe]
                    if not searches:
                        continue
                    busy[pipe] = mutant, left = searches.popleft()
                pipe.send((left.popleft(), mutant))


def _ask_next(pipe, runs):
    """Whether there was one."""
    if not runs:
        return False
    pipe.send(runs.popleft())
    return True


def _serve(pipe):
    """Run what is asked for in a world, and make a new world after one that could not go on."""
    with suppress(EOFError, BrokenPipeError):
        while True:
            run = pipe.recv()
            with tempfile.TemporaryDirectory(prefix="lms-faults-", ignore_cleanup_errors=True) as directory, World(Path(directory)) as world:
                _serve_in(world, pipe, run)


def _serve_in(world, pipe, run):
    while True:
        outcome = _outcome(world, *run)
        pipe.send(outcome)
        if outcome.is_broken:
            return
        run = pipe.recv()


def _outcome(world, seed, mutant):
    drawn = schedule.draw(seed)
    outcome = Outcome(seed, mutant, drawn.operations)
    try:
        done = schedule.run(world, drawn, mutant)
        outcome.violations, outcome.faults = done.violations, done.faults
    except Exception:  # noqa: BLE001 - the others go on
        outcome.violations, outcome.is_broken = [traceback.format_exc()], True
    return outcome
