"""`make mutants`: which small mistakes in the code that moves money and speaks to the chain would go unnoticed. `make mutants ONLY=ledger` is a part of it.

It goes on where it was left: what noticed a mutant before does so again as long as the function does the same and the test is there; a survivor
is asked again when a test of it is new. FRESH=1 asks all again, JOBS=2 are two side by side, MOST=200 asks so many of each area, drawn by chance
and always the same, SHOW=1 tells the survivors one by one.
"""

import ast
import configparser
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from rig import ROOT, VAR, Refusal, setup, tools
from rig.services import PATTERN
from rig.terminal import run, say
from rig.test import _environment
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.fingerprint import fingerprint, functions

HOME = VAR / "mutants"
RESULTS, MET, BODIES = HOME / "results.jsonl", HOME / "met.jsonl", HOME / "bodies.json"
RUNNER = ["-m", "pytest", "-q", "-p", "tests.mutants.runner", "-p", "no:cacheprovider", "--no-header"]


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = dict(word.split("=", 1) for word in sys.argv[1:] if word.split("=", 1)[1:] not in ([""], []))
    wanted, areas = _settings()
    if asked.get("ONLY", "ledger") not in areas:
        raise Refusal(f"There is no area {asked['ONLY']}: it is one of {', '.join(areas)}.")
    chosen = [asked["ONLY"]] if "ONLY" in asked else areas
    HOME.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    if asked.get("FRESH"):
        MET.unlink(missing_ok=True)
        RESULTS.unlink(missing_ok=True)
    plans, paths = {}, [path for area in areas.values() for path in area.modules]
    for area in chosen:
        plans[area] = (everything := _plan(areas[area].modules))[: int(asked.get("MOST", 10**6))]
        if wrong := _not_equivalent(areas[area].modules, everything, _results()):
            raise Refusal("In tests/mutants/equivalent.py stands what is no mutant any more, or is noticed:\n" + "\n".join(map(str, wrong)))
        meets, results = _meets(paths, areas[area].tests, int(asked.get("JOBS", os.cpu_count()))), _results()
        todo = [mutant for mutant in plans[area] if not _stands(results.get(mutant["id"]), mutant, meets)]
        if todo:
            say(f"{area}: {len(todo)} mutants to be asked for")
            _ask(todo, paths, meets, results, int(asked.get("JOBS", os.cpu_count())))
    results = _results()
    rows = {area: _counted(plan, results) for area, plan in plans.items()}
    if asked.get("SHOW"):
        _show(plans, results)
    return _table(rows, wanted, time.monotonic() - began)


class Area(NamedTuple):
    modules: list
    tests: dict  # {file: digest of what it says}


def _settings():
    """(the percentage each area has to reach, {its name: Area})."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    areas = {}
    for line in parser["mutants"]["areas"].strip().splitlines():
        name, folder, *tests = line.split()
        files = sorted(file for place in tests for file in (ROOT / place).rglob("test_*.py"))
        areas[name] = Area(_relative((ROOT / folder).rglob("*.py")), dict(zip(_relative(files), [_digest(file.read_bytes()) for file in files], strict=True)))
    return int(parser["mutants"]["noticed"]), areas


def _relative(files):
    return sorted(str(file.relative_to(ROOT)) for file in files)


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


# What there is to ask


def _plan(paths):
    """The mutants of these modules, in an order by chance that stays: the first so many are a fair sample."""
    maker = b"".join((ROOT / "tests" / "mutants" / name).read_bytes() for name in ("plan.py", "fingerprint.py"))
    found = []
    for path in paths:
        kept = HOME / "plans" / f"{_digest(path.encode() + (ROOT / path).read_bytes() + maker)}.json"
        if not kept.exists():
            setup.mutators()
            kept.parent.mkdir(exist_ok=True)
            made = subprocess.run([tools.MUTATORS / "bin" / "python", "-m", "tests.mutants.plan", path], check=True, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
            kept.write_bytes(made.stdout)
        found += json.loads(kept.read_text())
    return sorted(found, key=lambda mutant: mutant["id"])


def _meets(paths, files, jobs):
    """{"path:function": {test: (seconds, the statements it runs, what asking it costs)}}; test files that are new or changed are run once to know."""
    bodies = {f"{path}:{name}": fingerprint(node) for path in paths for name, node in functions(ast.parse((ROOT / path).read_text())).items()}
    then = json.loads(BODIES.read_text()) if BODIES.exists() else {}
    if bodies.keys() - then.keys() or not MET.exists():
        MET.unlink(missing_ok=True)
        BODIES.write_text(json.dumps(then := bodies))
    known = {(fact["done"], fact["digest"]) for fact in _lines(MET) if "done" in fact}
    missing = [file for file, digest in files.items() if (file, digest) not in known]
    if missing:
        say(f"{len(missing)} files of tests are run, to know what they meet")
        job = {"what": "reach", "paths": paths, "results": str(MET), "files": files}
        _pytest([(job, missing[number::jobs]) for number in range(min(jobs, len(missing)))])
    found = defaultdict(dict)
    for fact in _lines(MET):
        if "test" in fact and fact["passed"] and files.get(fact["test"].partition("::")[0]) == fact["digest"]:
            for path, names in fact["met"].items():
                cost = fact["seconds"] / sum(len(numbers) for numbers in names.values())  # who meets much of a module is likely about it
                for name, numbers in names.items():
                    of = f"{path}:{name}"
                    found[of][fact["test"]] = (fact["seconds"], numbers if then.get(of) == bodies.get(of) else [], cost)
    return found


def _lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _results():
    return {fact["id"]: fact for fact in _lines(RESULTS)}


def _stands(result, mutant, meets):
    if result is None:
        return False
    tests = meets.get(f"{mutant['path']}:{mutant['function']}", {})
    return result.get("test") in tests if result["verdict"] in ("killed", "timeout") else result["among"] == len(tests)


# Asking


def _ask(todo, paths, meets, results, jobs):
    caught = defaultdict(Counter)
    for fact in results.values():
        if fact["verdict"] == "killed":
            caught[f"{fact['path']}:{fact['function']}"][fact["test"]] += 1
    needed = {f"{mutant['path']}:{mutant['function']}" for mutant in todo}
    files = sorted({test.partition("::")[0] for name in needed for test in meets.get(name, ())})
    with tempfile.TemporaryDirectory() as claims:
        job = dict(what="run", paths=paths, mutants=todo, reach={name: meets.get(name, {}) for name in needed}, caught=caught, results=str(RESULTS), claims=claims)
        _pytest([(job, files)] * jobs)


def _pytest(jobs):
    """Processes of pytest side by side, each with services of its own."""
    with tempfile.TemporaryDirectory(prefix="lms-pattern-") as directory, contextlib.ExitStack() as stack:
        started = []
        for number, (job, files) in enumerate(jobs):
            note = Path(directory) / f"{number}.json"
            note.write_text(json.dumps(job))
            log = stack.enter_context(open(HOME / f"pytest-{number}.log", "w"))
            environment = {**_environment(), PATTERN: f"{directory}/cluster-{number}", "MUTANTS_JOB": str(note)}
            started.append(subprocess.Popen([tools.PYTHON, *RUNNER, *files], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        try:
            failed = [process for process in started if process.wait()]
        except BaseException:
            for process in started:
                process.terminate()
            for process in started:
                process.wait()
            raise
    if failed:
        raise Refusal(f"The tests could not be run: see {HOME.relative_to(ROOT)}/pytest-0.log.")


# Telling


def _counted(plan, results):
    return Counter(_verdict(mutant, results) for mutant in plan)


def _verdict(mutant, results):
    verdict = results.get(mutant["id"], {}).get("verdict", "not asked")
    return "equivalent" if verdict in ("survived", "no tests") and _same_as(mutant) in EQUIVALENT else verdict


def _not_equivalent(modules, plan, results):
    left = {_same_as(mutant) for mutant in plan if results.get(mutant["id"], {}).get("verdict") not in ("killed", "timeout")}
    return [each for each in EQUIVALENT if each[0] in modules and each not in left]


def _same_as(mutant):
    return mutant["path"], mutant["function"], mutant["was"], mutant["is now"]


def _show(plans, results):
    for plan in plans.values():
        for mutant in sorted(plan, key=lambda each: (each["path"], each["line"])):
            if (verdict := _verdict(mutant, results)) not in ("killed", "timeout", "equivalent", "not asked"):
                say(f"{mutant['path']}:{mutant['line']} {mutant['function']}  {verdict} {results[mutant['id']].get('tests', 0)} tests\n  - {mutant['was']}\n  + {mutant['is now']}")


def _table(rows, wanted, seconds):
    """Whether an area misses its mark: what only took too long was noticed, what nobody could notice does not count."""
    columns = ("killed", "timeout", "survived", "no tests", "equivalent", "not asked")
    say(f"{'area':14}{'mutants':>10}" + "".join(f"{name:>12}" for name in columns) + f"{'noticed':>10}")
    missed = []
    for area, counts in rows.items():
        noticed, asked = counts["killed"] + counts["timeout"], counts.total() - counts["not asked"] - counts["equivalent"]
        percent = 100 * noticed / asked if asked else 0
        say(f"{area:14}{counts.total():10}" + "".join(f"{counts[name]:12}" for name in columns) + f"{percent:9.1f}%")
        if percent < wanted or counts["not asked"]:
            missed.append(area)
    say(f"{seconds:.0f} s")
    if missed:
        raise Refusal(f"At least {wanted} % of the mutants have to be noticed, and are not yet in: {', '.join(missed)}. SHOW=1 tells which are left.")
    return 0


if __name__ == "__main__":
    run(main)
