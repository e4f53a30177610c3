"""What a course and its lessons may be: numbers by the rules in force, and texts as they are kept."""

import re
import unicodedata

from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import HIGHEST_PRICE
from lms.errors import Invalid

LONGEST_BODY = 200_000  # characters
MOST_BRACKETS = 2_000  # of a text: each may begin a link, and the time to find out grows with their square
LONGEST_SUMMARY, LONGEST_SUBJECT = 180, 40


def check_price(price: int) -> None:
    """Raises Invalid for what is no price in cents. Just above nothing, the rounding to cents would hand out TEO for next to nothing."""
    if type(price) is not int or not 0 <= price <= HIGHEST_PRICE:
        raise Invalid("A price is between 0 and %(most)d EUR.", most=HIGHEST_PRICE // 100)
    rules = rulebook.in_force()
    if price and not rules.may_cost(price):
        raise Invalid("A course costs at least %(least)s EUR, or nothing at all.", least=f"{rules.lowest_price / 100:.2f}")


def check_reward(reward_bp: int) -> None:
    """Raises Invalid for basis points of a price that no purchase may bring by the rules in force."""
    most = rulebook.in_force().purchase_max_bp
    if type(reward_bp) is not int or not 0 <= reward_bp <= most:
        raise Invalid("The purchase reward is between 0 and %(most)s %%.", most=f"{most / 100:g}")


def check_discount(discount_bp: int) -> None:
    """Raises Invalid for basis points of a price that no student may pay in TEO by the rules in force."""
    most = rulebook.in_force().highest_level_bp
    if type(discount_bp) is not int or not 0 <= discount_bp <= most:
        raise Invalid("A student pays between 0 and %(most)s %% in TEO.", most=f"{most / 100:g}")


def check_minutes(minutes: int) -> None:
    """Raises Invalid for what is no length of a lesson."""
    if type(minutes) is not int or not 1 <= minutes <= 600:
        raise Invalid("A lesson takes 1 to 600 minutes.")


def check_brackets(text: str) -> None:
    """Raises Invalid for a text that would hold a web process for seconds each time it is shown."""
    if text.count("[") > MOST_BRACKETS:
        raise Invalid("A text has at most %(most)d of the bracket “[”: with more it would take too long to show.", most=MOST_BRACKETS)


def clean_title(title: str) -> str:
    """The title as one line; raises Invalid for one that is empty or too long."""
    title = clean_line(title, 120)
    if not title:
        raise Invalid("A title has 1 to 120 characters.")
    return title


def clean_line(text: str, most: int) -> str:
    """One line without control characters; raises Invalid for one that is longer than `most`."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if len(line) > most:
        raise Invalid("This has at most %(most)d characters: “%(start)s…”", most=most, start=line[:30])
    return line


def clean_body(body: str) -> str:
    """A text as it is kept; raises Invalid for one that is too long, or takes too long to show."""
    if len(body) > LONGEST_BODY:
        raise Invalid("A text has at most %(most)d characters.", most=LONGEST_BODY)
    check_brackets(body)
    return body.replace("\x00", "")


def slugify(title: str) -> str:
    """What stands of a title in an address."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "course"
