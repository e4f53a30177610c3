"""Structured logs: one JSON object a line, with the request id that a job carries on. Secrets are hidden, whoever logs them."""

import json
import logging
import random
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

request_id = ContextVar("request_id", default="")

HIDDEN = "[hidden]"

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_WORDS = r"passwords?|passwd|token|secret|authorization|cookies?|signature|kek|ciphertext|api_?key|private_?key|(?:secret|signer|wrapped)_?key"
_SECRET_NAME = re.compile(rf"(?:.*[_-])?(?:{_SECRET_WORDS}|key)(?:[_-].*)?", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@'\"]*:[^\s/@'\"]*(?=@)")
_NAMED = re.compile(
    rf"""(\b[\w-]*(?:{_SECRET_WORDS})['"]?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?(?:"[^"]*"|'[^']*'|[^\s,;&'"}}]+)""", re.IGNORECASE
)
# What itsdangerous signs: links in mail, the session cookie. A JWT looks the same.
_SIGNED = re.compile(r"[\w-]{6,}\.[\w-]{4,}\.[\w-]{20,}")
# In what PostgreSQL says of a row it refuses stands the row: addresses, accounts at banks.
_ROW = re.compile(r"DETAIL:.*?(?=\n\nThe above|\n\nDuring|\n\[SQL|\Z)", re.DOTALL)

_values: tuple[str, ...] = ()


def init(level: int | str, hide: Iterable[str] = ()) -> None:
    """Log to stderr from this level up; the texts of `hide` are taken out of each line wherever they stand."""
    global _values
    _values = tuple(sorted((value for value in hide if len(value) >= 8), key=len, reverse=True))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it says what it is made of whenever it is imported
    logging.captureWarnings(True)
    # No line says where in the code, by which thread and process: logging need not find it out.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def new_request_id() -> str:
    request_id.set(f"{random.getrandbits(64):016x}")
    return request_id.get()


class JsonFormatter(logging.Formatter):
    """The last place a line passes through: what is hidden here is in no log."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname, "logger": record.name}
        if request_id.get():
            line["request_id"] = request_id.get()
        told = {"message": record.getMessage()} | {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return _encoder.encode(line | hide(told))


def hide(value: Any, name: str = "") -> Any:
    """The value without secrets: what bears a secret's name, and what looks like one inside a text."""
    if name and _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return _hide_in(value)
    if isinstance(value, dict):
        return {str(key): hide(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hide(item) for item in value]
    return HIDDEN if isinstance(value, bytes) else value


_encoder = json.JSONEncoder(default=lambda value: hide(str(value)), ensure_ascii=False)


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.fullmatch(name) is not None


def _hide_in(text: str) -> str:
    for value in _values:
        text = text.replace(value, HIDDEN)
    if "DETAIL:" in text:
        text = _ROW.sub(f"DETAIL: {HIDDEN}", text)
    if "://" in text:
        text = _CREDENTIALS.sub(HIDDEN, text)
    if "=" in text or ":" in text:
        text = _NAMED.sub(lambda found: found[1] + HIDDEN, text)
    return _SIGNED.sub(HIDDEN, text) if "." in text else text
