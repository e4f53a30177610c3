"""Who asks the desk for TEO: a teacher, savers of whom nothing is suspicious, and a ring of accounts in one browser."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from eth_account import Account

from tests.e2e.pages import link_address, publish_course
from tests.e2e.stage import PAID_TO, apply
from tests.e2e.visitor import PASSWORD, Visitor

SAVERS = ("Sara Saver", "Samir Saver", "Stella Saver", "Sven Saver")


class People:
    """All of them a month after they signed up, linked an address and, in the ring, bought of each other. `addresses`: of each member, by e-mail."""

    def __init__(self, story, admin):
        self.story, self.admin, self.addresses = story, admin, {}
        with ThreadPoolExecutor(max_workers=3) as each:
            teachers = each.submit(lambda: (self._teacher(), self._ring()))  # one after the other: the newest application is the one just sent
            self.savers = list(each.map(self._saver, SAVERS))
            self.teacher, self.ring = teachers.result()
        story.flask("demo", "grant", self.teacher, *self.savers, "1150")
        story.flask("demo", "advance", "31d")

    def log_in(self, email):
        """Anew, as every sign-in ended with the month."""
        return Visitor(self.story.url).log_in(email, PASSWORD)

    def _teacher(self):
        member = self._linked(Visitor(self.story.url).sign_up("Teresa Teacher"))
        self._approve(member)
        member.send("/teach/payout-details", **PAID_TO, iban="DE89 3704 0044 0532 0130 00", password=PASSWORD)
        return member.email

    def _saver(self, name):
        return self._linked(Visitor(self.story.url).sign_up(name)).email

    def _ring(self):
        """The two accounts that live on what the course of a third brings; one browser signed in to all of them."""
        browser = Visitor(self.story.url).sign_up("Rico Ring")
        self._approve(browser)
        slug = publish_course(browser, self.admin, f"Money for nothing {secrets.token_hex(2)}", "300.00")
        return [self._farm(browser, name, slug) for name in ("Rina Ring", "Rocco Ring")]

    def _farm(self, browser, name, slug):
        """Buy the course of the ring, and take what it brings."""
        browser.send("/", to="/log-out")
        self._linked(browser.sign_up(name)).buy(slug)
        lesson = browser.lessons(slug)[0]
        browser.send(lesson, to=f"{lesson}/complete")
        return browser.email

    def _linked(self, member):
        key = Account.create()
        link_address(member, key)
        self.addresses[member.email] = key.address
        return member

    def _approve(self, member):
        application = apply(member, self.admin)
        self.admin.send(application, to=f"{application}/approval")
