"""The only now(). In the demo and in tests a file says how many seconds the clock is ahead."""

import os
from datetime import UTC, datetime, timedelta

_ahead_file: str | None = None
_seen: tuple[int | None, timedelta] = (None, timedelta())


def use_file(path: str | None) -> None:
    """Let `path` (a file holding whole seconds, may be missing) move the clock; None: real time."""
    global _ahead_file, _seen
    _ahead_file, _seen = path or None, (None, timedelta())


def now() -> datetime:
    """The time in UTC, with its zone."""
    return datetime.now(UTC) + ahead()


def ahead() -> timedelta:
    """How far the clock is moved: the file is read again only when it changed."""
    global _seen
    if _ahead_file is None:
        return timedelta()
    try:
        stamp = os.stat(_ahead_file).st_mtime_ns
    except FileNotFoundError:
        return timedelta()
    if _seen[0] != stamp:
        with open(_ahead_file, encoding="ascii") as file:
            _seen = (stamp, timedelta(seconds=int(file.read() or 0)))
    return _seen[1]


def advance(delta: timedelta) -> None:
    """Move the clock of all processes that share the file forward by `delta`."""
    if _ahead_file is None:
        raise RuntimeError("This clock cannot be moved: CLOCK_FILE is not set.")
    if delta < timedelta():
        raise ValueError("The clock moves forward only.")
    seconds = int((ahead() + delta).total_seconds())
    draft = f"{_ahead_file}.new"
    with open(draft, "w", encoding="ascii") as file:
        file.write(str(seconds))
    os.replace(draft, _ahead_file)
