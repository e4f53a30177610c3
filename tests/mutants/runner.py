"""Within pytest: which test meets which statement, and the mutants, each in a process forked off when all is imported and prepared.

The services, the migrated database and the contracts are made once; a mutant costs the tests that meet it, up to the first that notices.
"""

import ast
import contextlib
import fcntl
import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from rig import ROOT
from tests.mutants.fingerprint import functions, statements
from tests.mutants.swap import Running

JOB = "MUTANTS_JOB"  # in the environment: the path of what is to be done
LONGEST = 5  # seconds: a slower test is not asked
BUDGET, FEWEST = 10, 8  # seconds of tests for one mutant, or so many tests where they are slow
_DONE = pytest.StashKey()
ENOUGH = 100  # calls of a function in one test tell which of its statements are run
MEMORY = 3 * 2**30
_CPU, _CLOCK = 30, 240  # seconds a test may take, of the processor and by the clock

settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])


def pytest_collection_modifyitems(config, items):
    """What runs in other processes meets no mutant."""
    beside = {"site", "browser", "page", "visitor", "bare", "undeployed", "backup"}
    gone = [item for item in items if beside & set(item.fixturenames)]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    settings.load_profile("mutants")
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)  # services end with us, also when we run in the background
    job = json.loads(Path(os.environ[JOB]).read_text())
    {"reach": _reach, "run": _run}[job["what"]](session, job)
    session.config.stash[_DONE] = True
    return True


def pytest_sessionfinish(session):
    """Whether all was asked, whatever became of it."""
    session.exitstatus = 0 if _DONE in session.config.stash else 1


# Which test meets what


def _reach(session, job):
    lines = _Lines(job["paths"])
    names = {path: _names(path) for path in job["paths"]}
    signal.signal(signal.SIGPROF, _too_slow)
    _play(session.items[0], session)  # what is made once counts for none
    for place, item in enumerate(session.items):
        following = session.items[place + 1] if place + 1 < len(session.items) else session
        lines.met.clear()
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 2 * LONGEST, 1)  # again and again: what it interrupts may swallow it
        with lines:
            said = _play(item, following)
        signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - began
        met = defaultdict(lambda: defaultdict(list))
        for path, line in lines.met:
            for name, number in names[path].get(line, ()):
                met[path][name].append(number)
        file = item.nodeid.partition("::")[0]
        _tell(job["results"], {"test": item.nodeid, "digest": job["files"][file], "seconds": round(took, 3), "passed": said is None, "met": met})
        if following is session or following.nodeid.partition("::")[0] != file:
            _tell(job["results"], {"done": file, "digest": job["files"][file]})


class TooSlow(BaseException):
    """A test that is not asked: to know whom it meets is not worth its time."""


def _too_slow(*_):
    raise TooSlow


class _Lines:
    """with lines: … collects (path, line) of these modules, in all threads begun meanwhile."""

    def __init__(self, paths):
        self._paths, self.met, self._calls = {str(ROOT / path): path for path in paths}, set(), Counter()

    def __enter__(self):
        threading.settrace(self._call)
        self._calls.clear()
        sys.settrace(self._call)

    def __exit__(self, *_):
        sys.settrace(None)
        threading.settrace(None)

    def _call(self, frame, event, argument):
        path = self._paths.get(frame.f_code.co_filename)
        if path is None:
            return None
        met, code = self.met, frame.f_code
        met.add((path, code.co_firstlineno))
        self._calls[code] += 1
        if self._calls[code] > ENOUGH:
            return None

        def line(frame, event, argument):
            met.add((path, frame.f_lineno))
            return line

        return line


def _names(path):
    """{line: [(function, number of the statement)]}."""
    found = defaultdict(list)
    for name, node in functions(ast.parse((ROOT / path).read_text())).items():
        for number, (first, last) in enumerate(statements(node)):
            for line in range(first, last + 1):
                found[line].append((name, number))
        for decorator in node.decorator_list:
            found[decorator.lineno].append((name, 0))
    return found


# The mutants


def _run(session, job):
    tests = {item.nodeid: item for item in session.items}
    for path in job["paths"]:
        importlib.import_module(path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
    slot = _Slot(session, job, tests)
    for mutant in job["mutants"]:
        if _claimed(job["claims"], mutant["id"]):
            _tell(job["results"], {"id": mutant["id"], "path": mutant["path"], "function": mutant["function"], **slot.outcome(mutant)})


def _claimed(directory, name):
    """Whether it is ours: of those that run side by side each mutant is done by one."""
    try:
        os.close(os.open(f"{directory}/{name}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


class _Slot:
    """The prepared process that mutants are forked from."""

    def __init__(self, session, job, tests):
        self._session, self._tests, self._reach = session, tests, job["reach"]
        self._caught = {name: Counter(tests) for name, tests in job["caught"].items()}  # {function: {test: how many}}
        self._trusted, self._unfit, self._spent = set(), set(), 0  # seconds of the processor, by the tests of one mutant
        self._warm()
        self._running = Running(job["paths"])

    def outcome(self, mutant):
        self._spent = 0
        while True:
            chosen, left_out = self._choose(mutant)
            found = self._forked(mutant, chosen) if chosen else {"verdict": "no tests"}
            test = found.get("test")
            if found["verdict"] != "survived" and test and not self._is_fit(test):
                self._unfit.add(test)
                continue
            break
        if found["verdict"] == "killed":
            self._caught.setdefault(_name(mutant), Counter())[test] += 1
        return {**found, "seconds": round(self._spent, 2), "tests": len(chosen), "left out": left_out, "among": len(self._reach.get(_name(mutant), ()))}

    def _choose(self, mutant):
        """Those that meet it, as many as the budget takes: what noticed others of this function, then what is called like its module, then what is fast for how much of it it meets."""
        reach, caught = self._reach.get(_name(mutant), {}), self._caught.get(_name(mutant), {})
        fit = [test for test, (_, numbers, _) in reach.items() if test in self._tests and test not in self._unfit and reach[test][0] < LONGEST and (not numbers or set(numbers) & set(mutant["statements"]))]
        fit.sort(key=lambda test: (-caught.get(test, 0), not _mirrors(test, mutant["path"]), reach[test][2]))
        chosen, spent = [], 0
        for test in fit:
            spent += reach[test][0] + 0.02
            if spent > BUDGET and len(chosen) >= FEWEST:
                break
            chosen.append(test)
        return chosen, len(fit) - len(chosen)

    def _is_fit(self, test):
        """Whether it passes, alone, where nothing is mutated."""
        if test not in self._trusted and self._forked(None, [test])["verdict"] == "survived":
            self._trusted.add(test)
        return test in self._trusted

    def _forked(self, mutant, names):
        """What became of it: {"verdict": "killed", "survived" or "timeout", "test": the one that noticed}."""
        items = [self._tests[name] for name in names]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                self._child(mutant, items, writing)
            finally:
                os._exit(70)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read().splitlines()
        usage = os.wait4(child, 0)[2]
        self._spent += usage.ru_utime + usage.ru_stime
        self._tidy(child, items, late=not (said and said[-1].startswith("{")))
        if said and said[-1].startswith("{"):
            return json.loads(said[-1])
        return {"verdict": "timeout", "test": names[len(said) - 1] if said else names[0]}

    def _child(self, mutant, items, writing):
        os.setsid()
        space = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, space[1]))
        for each in (signal.SIGALRM, signal.SIGPROF, signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        if mutant:
            self._running.become(mutant)
        for place, item in enumerate(items):
            os.write(writing, b"began\n")
            signal.setitimer(signal.ITIMER_PROF, _CPU)
            signal.setitimer(signal.ITIMER_REAL, _CLOCK)
            said = _play(item, items[place + 1] if place + 1 < len(items) else self._session)
            if said is not None:
                os.write(writing, json.dumps({"verdict": "killed", "test": item.nodeid, "why": said}).encode())
                os._exit(1)
        os.write(writing, json.dumps({"verdict": "survived"}).encode())
        os._exit(0)

    def _warm(self):
        """What is made once is made here: a test for each set of such fixtures is run, and what it makes stays."""
        seen = set()
        for item in self._tests.values():
            once = {name for name, made in item._fixtureinfo.name2fixturedefs.items() if made[-1].scope == "session"}
            if once - seen:
                seen |= once
                _play(item, self._session)
        self._disconnect()

    def _disconnect(self):
        from lms.db import db

        apps = [self._made("prepared"), *(deployed.app for deployed in (self._made("deployments") or {}).values())]
        for app in filter(None, apps):
            with app.app_context():
                db.engine.dispose()
        self._made("deployments") and self._made("deployments").clear()  # who needs the contracts deploys them: the snapshot of one child is none for the next

    def _made(self, name):
        """What a fixture has made for the whole session, or None."""
        for item in self._session.items:
            for found in item._fixtureinfo.name2fixturedefs.get(name, ()):
                if found.cached_result and found.cached_result[2] is None:
                    return found.cached_result[0]
        return None

    def _tidy(self, child, items, late):
        """Nothing is left of a child: no process of its own, no lock in the database, nothing that waits for a block."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        if late and (services := self._made("services")):
            with services[0]._connect(importlib.import_module("psycopg")) as connection:
                connection.execute("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = 'lms' AND pid <> pg_backend_pid()")
        if any("worker" in item.fixturenames for item in items):
            self._made("anvil").call("anvil_dropAllTransactions")
            self._made("anvil").call("evm_setAutomine", True)


def _name(mutant):
    return f"{mutant['path']}:{mutant['function']}"


def _mirrors(test, path):
    """Whether its file bears the name of the module, or of its noun."""
    words = [word.rstrip("s") for word in (Path(path).parent.name, Path(path).stem.partition("_")[0])]
    return any(Path(test.partition("::")[0]).stem.startswith(f"test_{word}") for word in words)


def _play(item, following):
    """None when it passed (or was not for this machine), else the end of why not."""
    reports = runtestprotocol(item, log=False, nextitem=following)
    for report in reports:
        if report.failed:
            return f"{report.when}: {getattr(getattr(report.longrepr, 'reprcrash', None), 'message', str(report.longrepr))[:160]}"
    return None


def _tell(file, fact):
    with open(file, "a") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        out.write(json.dumps(fact) + "\n")
