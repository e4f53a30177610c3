"""One version against another."""

from dataclasses import fields, replace

from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.errors import Invalid

_TIER = {each.name for each in fields(Tier)}
NAMES = tuple(rule.name for rule in fields(Rules) if rule.name != "number")


def amended(rules, numbers):
    """These Rules with some numbers put in the place of theirs: {name: number}, levels a list of them, tiers a list of {name, staked, platform_bp},
    weights of risks a list of [name, points], of which those that are not named stay as they are.

    Raises Invalid for what no rule is called; whether the numbers make sense is for `checks`."""
    unknown = sorted(set(numbers) - set(NAMES))
    if unknown:
        raise Invalid("No number of the rulebook is called %(name)s.", name=unknown[0])
    tiers, levels = numbers.get("tiers", []), numbers.get("discount_levels_bp", [])
    if not isinstance(tiers, list) or any(not isinstance(tier, dict) or set(tier) != _TIER for tier in tiers):
        raise Invalid("Each tier has a name, staked and platform_bp, and nothing else.")
    if not isinstance(levels, list):
        raise Invalid("discount_levels_bp is a list of basis points.")
    weights = numbers.get("risk_weights", [])
    if not isinstance(weights, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in weights):
        raise Invalid("risk_weights is a list of pairs, each a name and its points.")
    unknown = [name for name, _ in weights if name not in dict(rules.risk_weights)]
    if unknown:
        raise Invalid("No number of the rulebook is called %(name)s.", name=unknown[0])
    return replace(rules, **numbers | {"risk_weights": tuple((dict(rules.risk_weights) | dict(weights)).items())})


def changed(before, after):
    """The names of the numbers that differ, in the order of the rules."""
    return [name for name in NAMES if getattr(before, name) != getattr(after, name)]
