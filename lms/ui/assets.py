"""Static files under names that hold their hash, so that a browser may keep them for ever."""

import hashlib
import re
from functools import cached_property
from io import BytesIO
from pathlib import Path

from flask import abort, send_file

FOR_EVER = "public, max-age=31536000, immutable"
_HASHED_BY_NAME = ("*.css", "*.js", "*.svg", "*.png", "*.woff2")
_CSS_ADDRESS = re.compile(rb"url\((?!['\"]?(?:data:|#))['\"]?([^)'\"]+)['\"]?\)")


class Assets:
    """The files of the static folder. Names are worked out once a process, at the first use."""

    def __init__(self, app):
        self.folder = Path(app.static_folder)
        self.path = app.static_url_path

    def url(self, name):
        """`app.css` → `/static/app.1f2e3d4c.css`; a file that is not there is a mistake of ours."""
        try:
            return f"{self.path}/{self._hashed[name]}"
        except KeyError:
            raise FileNotFoundError(f"{name} is not in the static folder; `make` fills vendor/") from None

    def send(self, filename):
        """Flask's `static` view: kept for ever under a hashed name, asked again under its own."""
        if filename in self._names:
            response = self._send_file(self._names[filename])
            response.headers["Cache-Control"] = FOR_EVER
            return response
        if filename not in self._hashed:
            abort(404)
        response = self._send_file(filename)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def _send_file(self, name):
        return send_file(BytesIO(self._content(name)), download_name=name, etag=self._hashed[name])

    @cached_property
    def _hashed(self):
        found = (path for pattern in _HASHED_BY_NAME for path in self.folder.rglob(pattern))
        names = {path.relative_to(self.folder).as_posix() for path in found if path.parent.name != "icons"}
        return {name: self._with_hash(name) for name in sorted(names)}

    @cached_property
    def _names(self):
        return {hashed: name for name, hashed in self._hashed.items()}

    def _with_hash(self, name):
        stem, _, ending = name.rpartition(".")
        return f"{stem}.{hashlib.sha256(self._content(name)).hexdigest()[:10]}.{ending}"

    def _content(self, name):
        """The bytes as sent: what a style sheet refers to is under its hashed name too."""
        content = (self.folder / name).read_bytes()
        if not name.endswith(".css"):
            return content
        base = (self.folder / name).parent
        return _CSS_ADDRESS.sub(lambda found: self._readdress(base, found), content)

    def _readdress(self, base, found):
        target = (base / found[1].decode()).resolve().relative_to(self.folder.resolve()).as_posix()
        return f"url({self.path}/{self._with_hash(target)})".encode()
