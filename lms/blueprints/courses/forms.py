"""What somebody looks for in the catalogue."""

from flask import request

from lms.blueprints.paging import page_number
from lms.ui.preferences import LANGUAGES

LONGEST_WORD = 200


class Wanted:
    """The search in the address. What makes no sense there means: not asked for."""

    def __init__(self, subjects):
        arguments = request.args
        self.word = " ".join(arguments.get("q", "").replace("\x00", " ").split())[:LONGEST_WORD]
        self.subject = _one_of(arguments.get("subject"), subjects)
        self.language = _one_of(arguments.get("language"), LANGUAGES)
        self.free = arguments.get("price") == "free"
        self.number = page_number()

    @property
    def is_anything(self):
        """Whether some courses may have been left out."""
        return bool(self.word or self.subject or self.language or self.free)


def _one_of(value, known):
    return value if value in known else ""
