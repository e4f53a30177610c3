"""Where uploads are kept: a directory of this machine, under names that say nothing."""

import os
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PLACE = re.compile(r"[0-9a-f]{32}")


class Missing(Exception):
    """Nothing is kept at this place."""


class Directory:
    """Files that only their owner on this machine reads. A place is 32 hexadecimal digits."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    def put(self, place: str, data: bytes) -> None:
        """Keep the bytes, whole or not at all; on the disk when this returns, as the row that names them will be."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(place)
        draft = _draft(path)
        draft.write_bytes(data)
        draft.chmod(0o600)
        _keep(draft)
        draft.rename(path)
        _keep(self.directory)

    def get(self, place: str) -> bytes:
        """The bytes kept there; raises Missing."""
        try:
            return self._path(place).read_bytes()
        except FileNotFoundError:
            raise Missing(place) from None

    def remove(self, place: str) -> None:
        """Forget what is kept there. May run twice."""
        path = self._path(place)
        for left in (path, _draft(path)):
            left.unlink(missing_ok=True)

    def places(self, before: datetime) -> set[str]:
        """Where something stands that was written before this moment, by the machine's clock, whole or not."""
        files = self.directory.iterdir() if self.directory.is_dir() else ()
        return {path.stem for path in files if _PLACE.fullmatch(path.stem) and _written_before(path, before)}

    def _path(self, place: str) -> Path:
        if not _PLACE.fullmatch(place):
            raise ValueError("a place is 32 hexadecimal digits")
        return self.directory / place


def _draft(path: Path) -> Path:
    return path.with_suffix(".draft")


def _keep(path: Path) -> None:
    """Also when the power fails from now on: what a file holds, or which names a directory has."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written_before(path: Path, moment: datetime) -> bool:
    """Not when it is gone meanwhile."""
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        return False


def from_url(url: str) -> Directory:
    """The store that FILES_URL names."""
    return Directory(unquote(urlsplit(url).path))
