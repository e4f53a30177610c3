"""A program we run beside ourselves, and can still end when we were killed and started again."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from rig import ROOT, Refusal


class Process:
    """A command in a session of its own, with a log, and a file that remembers its pid."""

    def __init__(self, name, command, directory, env=None, user=None, stop_signal=signal.SIGTERM, patience=10):
        self.name = name
        self.command = [str(part) for part in command]
        self.env = env
        self.user = user
        self.stop_signal = stop_signal
        self.patience = patience
        self.log = Path(directory) / "log" / f"{name}.log"
        self.note = Path(directory) / f"{name}.pid"
        self.child = None

    @property
    def pid(self):
        return self.child.pid

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def start(self):
        """Start, or start again after it died."""
        self.stop()
        end_leftover(self.note, self.stop_signal)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **identity(self.user),
            )
        self.note.write_text(json.dumps({"pid": self.child.pid, "born": _born(self.child.pid), "program": self.command[0]}))

    def stop(self):
        """Ask it to end; when it does not in time, and for what it left behind, end it."""
        if self.child is None:
            return
        if self.running:
            self.child.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(self.patience)
        _kill_session(self.child.pid)
        self.child.wait()
        self.child = None
        self.note.unlink(missing_ok=True)

    def wait_until(self, ready, seconds=30):
        """Return when ready() is true; a child that ends before is a refusal with the end of its log."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running or time.monotonic() > deadline:
                fate = "did not answer in time" if self.running else "ended at once"
                raise Refusal(f"{self.tail()}\n\n{self.name} {fate}: its log is {self.log}.")
            time.sleep(0.05)

    def fate(self):
        """Return how it ended, in words."""
        status = self.child.poll()
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def identity(user):
    """Return what subprocess needs to run a program as another user; nothing for None."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def end_leftover(note, stop_signal=signal.SIGTERM):
    """End what a killed run of ours left; what bears the pid we noted, but is younger or another program, is not ours."""
    try:
        left = json.loads(note.read_text())
    except (OSError, ValueError):
        return
    note.unlink()
    pid, program = left["pid"], left["program"]
    if _born(pid) not in (None, left["born"]):
        return
    if _runs(pid, program):
        os.kill(pid, stop_signal)
        _wait_until_gone(pid, seconds=10)
    if any(_runs(member, program) for member in session(pid)):
        _kill_session(pid)


def is_running(program):
    """Whether any process is of a program, or of one in a directory."""
    return any(_runs(pid, program) for pid in _pids())


def _runs(pid, program):
    """Whether a process is of a program. Its arguments do not tell: Redis writes its own over them."""
    return " ".join(command_of(pid)).startswith(program)


def _born(pid):
    """Return the moment a process began, in a form that only compares; None where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def _kill_session(leader, seconds=5):
    """Kill a session's processes, even those that made groups of their own, as RQ's do, or were born meanwhile."""
    deadline = time.monotonic() + seconds
    while (living := session(leader)) and time.monotonic() < deadline:
        for pid in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def session(leader):
    """Return the living processes of a session; where there is no /proc, the leader alone."""
    if not Path("/proc/self/stat").exists():
        return [leader] if _alive(leader) else []
    return [pid for pid in _pids() if _session_of(pid) == leader]


def resident(pid):
    """Return the bytes of memory a process has."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def _pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _session_of(pid):
    try:
        return os.getsid(pid) if not _is_zombie(pid) else None
    except ProcessLookupError:
        return None


def _is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def command_of(pid):
    """Return a process's command line as a list; empty when it is gone."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            return []
    return subprocess.run(["ps", "-p", str(pid), "-o", "args="], check=False, capture_output=True, text=True).stdout.split()


def _alive(pid):
    return bool(command_of(pid))


def _wait_until_gone(pid, seconds):
    deadline = time.monotonic() + seconds
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
