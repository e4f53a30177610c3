"""Members of the site who own nothing yet, their browser windows, and questions to the site's database."""

from dataclasses import dataclass

import psycopg
import pytest

from tests.e2e.visitor import Visitor

COURSES = ("how-blockchains-really-work", "renaissance-in-florence", "statistics-you-can-argue-with", "il-rinascimento-a-firenze")


@dataclass(frozen=True)
class Wish:
    """A course, and a member who does not own it."""

    member: Visitor
    slug: str

    @property
    def checkout(self):
        return f"/courses/{self.slug}/checkout"

    def buy(self):
        self.member.buy(self.slug)


@pytest.fixture(scope="session")
def _wishes(site):
    """One member wishes for every course before the next signs up: a sign-up takes seconds."""

    def wishes():
        while True:
            member = Visitor(site.url).sign_up()
            yield from (Wish(member, slug) for slug in COURSES)

    return wishes()


@pytest.fixture
def wish(_wishes):
    return next(_wishes)


@pytest.fixture
def newcomer(site):
    """A member whom no other test knows."""
    return Visitor(site.url).sign_up()


@pytest.fixture
def member(wish):
    return wish.member


@pytest.fixture(scope="session")
def seeded(site):
    """Return a function that gives a member of the seed, logged in: anew only after a log-out, as who tries too often is asked to wait."""
    known = {}

    def give(role):
        if role not in known or not known[role].is_logged_in:
            known[role] = Visitor(site.url).log_in(f"{role}@example.org", "learn-and-earn")
        return known[role]

    return give


@pytest.fixture
def window(visitor):
    """Return a function that opens a browser in which the member is logged in, with Playwright's context options."""

    def open_for(member, **options):
        page = visitor(**options)
        page.context.add_cookies(member.cookies)
        return page

    return open_for


@pytest.fixture(scope="session")
def ask(site):
    """Return a function that asks the site's database."""
    with psycopg.connect(site.web_env["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
        yield lambda statement, *values: connection.execute(statement, values).fetchall()


@pytest.fixture
def unreloaded():
    """Return a function that marks a page; the test fails when it was loaded again afterwards."""
    marked = []

    def mark(page):
        page.evaluate("window.neverReloaded = true")
        marked.append(page)
        return page

    yield mark
    assert all(page.evaluate("window.neverReloaded") for page in marked)


@pytest.fixture
def blocks(site):
    """The blocks of the site's chain, which a test may stop."""
    blocks = Blocks(site.anvil)
    yield blocks
    blocks.go_on()


class Blocks:
    def __init__(self, anvil):
        self.anvil, self.pace = anvil, anvil.pace

    def stop(self):
        self.anvil.pace = None

    def one(self):
        """One block while they stand still: what was sent is on the chain, and not final."""
        self.anvil.call("evm_mine")

    def go_on(self):
        self.anvil.pace = self.pace
