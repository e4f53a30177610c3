"""Members in the middle of what takes tokens, time or an admin's word. The site's clock moves on by a month."""

import re
import secrets
from urllib.parse import urlsplit

from eth_account import Account

from tests.e2e.pages import COURSE, DISPUTED, OTHER, PASSWORD, link_address, publish_course
from tests.e2e.story import flask
from tests.e2e.visitor import PASSWORD as MEMBERS_PASSWORD
from tests.e2e.visitor import Visitor
from tests.papers import PDF

COUPON = "ARCH-20"
PAID_TO = {"legal_name": "Silvia Seller", "street": "Via dei Servi 12", "postal_code": "50122", "city": "Firenze", "country": "IT", "tax_id": "SLLSLV80A41D612X"}
SAME_FACTS = {"subject": "Bridges of stone", "experience": "Twenty years of stone and steel.", "link": ""}


class Stage:
    """The saver owns TEO and has bought, the seller has sold and been paid nothing yet, the applicant was asked for more, the frozen one fears for his wallet."""

    def __init__(self, url, environment):
        self.url, self.environment = url, environment
        self.admin = Visitor(url).log_in("admin@example.org", PASSWORD)
        self.saver, self.seller = self._member("Sara Saver", 400), self._member("Silvia Seller", 150)
        self.applicant, self.frozen = self._member("Aldo Applicant", 40), self._member("Fabio Frost", 25)
        self._begin()
        flask(environment, "demo", "advance", "31d")
        self._log_in()
        self._go_on()

    def read(self, member, path, words):
        """Wait until the member's page says these words; answers its path."""
        member.until(lambda: words in member.get(path).text, f"{path} never said {words}")
        return path

    def _member(self, name, tokens):
        member = Visitor(self.url).sign_up(name)
        flask(self.environment, "demo", "grant", member.email, str(tokens))
        return member

    def _log_in(self):
        """Anew, as every sign-in ends when the clock goes on by a month."""
        self.admin.log_in("admin@example.org", PASSWORD)
        for member in (self.saver, self.seller, self.applicant, self.frozen):
            member.log_in(member.email, MEMBERS_PASSWORD)

    def _begin(self):
        """What must be a month old."""
        self.application = apply(self.seller, self.admin)
        self.admin.send(self.application, to=f"{self.application}/approval")
        self.seller.send("/teach/payout-details", **PAID_TO, iban="DE89 3704 0044 0532 0130 00", password=MEMBERS_PASSWORD)
        self.sold, self.offered = self._publish("How bridges stand", "120.00"), self._publish("How roofs stand", "80.00")
        self.saver.buy(self.sold)
        self.key = Account.create()
        link_address(self.saver, self.key)
        link_address(self.seller, Account.create())

    def _go_on(self):
        self.seller.send("/teach/staking/", to="/teach/staking/stakes", **{"stake-amount": "100", "stake-key": secrets.token_urlsafe(24)})
        self.seller.send("/teach/coupons/", code=COUPON, course="0", kind="percent", worth="20", most_uses="100")
        self.saver.buy(self.offered, level="1000", code=COUPON)
        self.saver.buy(OTHER, level="1000")
        self.refunded = f"/orders/{self.saver.order_of(OTHER)}"
        self.saver.send(f"{self.refunded}/refund")
        self.applicant.send(self.applicant.payment_page(COURSE), card=DISPUTED)
        self.frozen.send("/wallet/freeze")
        self.returned = apply(self.applicant, self.admin)
        reason = "Please add a proof of your degree, and say which of these bridges were yours."
        self.admin.send(self.returned, to=f"{self.returned}/return", reason=reason)

    def _publish(self, title, price):
        """A course of the seller's, looked at and published; answers its slug."""
        return publish_course(self.seller, self.admin, f"{title} {secrets.token_hex(2)}", price, "1500")


def withdraw(member, amount):
    """To the member's one usable address; answers the path of the withdrawal."""
    quote = f"/wallet/withdrawals/new?amount={amount}&when=now"
    wallet = re.search(r'name="wallet"[^>]*value="(\d+)"', member.get(quote).text)[1]
    return urlsplit(member.send(quote, to="/wallet/withdrawals/new", amount=amount, wallet=wallet, when="now").url).path


def apply(member, admin):
    """Ask to become a teacher; answers the application's path on the admins' desk: the newest of those that wait stands last."""
    member.send("/teach/apply/", files={"documents": ("diploma.pdf", PDF, "application/pdf")}, **SAME_FACTS)
    return re.findall(r'href="(/admin/applications/\d+)"', admin.get("/admin/applications/").text)[-1]
