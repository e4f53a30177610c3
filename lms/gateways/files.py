"""Where uploads are kept: a directory of this machine, under names that say nothing."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PLACE = re.compile(r"[0-9a-f]{32}")


class Missing(Exception):
    """Nothing is kept at this place."""


class Directory:
    """Files that only their owner on this machine reads. A place is 32 hexadecimal digits."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def put(self, place, data):
        """Keep the bytes, whole or not at all."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(place)
        draft = path.with_suffix(".draft")
        draft.write_bytes(data)
        draft.chmod(0o600)
        draft.rename(path)

    def get(self, place):
        """The bytes kept there; raises Missing."""
        try:
            return self._path(place).read_bytes()
        except FileNotFoundError:
            raise Missing(place) from None

    def remove(self, place):
        """Forget what is kept there. May run twice."""
        self._path(place).unlink(missing_ok=True)

    def _path(self, place):
        if not _PLACE.fullmatch(place):
            raise ValueError("a place is 32 hexadecimal digits")
        return self.directory / place


def from_url(url):
    """The store that FILES_URL names."""
    return Directory(unquote(urlsplit(url).path))
