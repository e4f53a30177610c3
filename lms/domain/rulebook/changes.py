"""One version against another."""

from dataclasses import fields

from lms.domain.rulebook.rules import Rules

NAMES = tuple(rule.name for rule in fields(Rules) if rule.name != "number")


def changed(before: Rules, after: Rules) -> list[str]:
    """The names of the numbers that differ, in the order of the rules."""
    return [name for name in NAMES if getattr(before, name) != getattr(after, name)]
