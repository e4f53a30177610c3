"""Every page fits its window, in each size, and asks for nothing a visitor would not forgive."""

from urllib.parse import urlsplit

from tests.e2e.pages import pages
from tests.e2e.pictures import look, wallet
from tests.e2e.visitor import Visitor
from tests.test_app import NO_PAGES

ONLY_LEAD_ON = {"admin.payouts.company", "checkout.pay", "notices.show", "payouts.statements.index"}
# Until the earnings of a sale have matured, an address that is linked may be used, and a bank has asked a payment back.
NEED_TIME = {"payouts.show", "admin.bank_payouts.show", "admin.bank_files.show", "withdrawals.show", "withdrawals.cancel", "admin.payouts.provenance", "admin.payouts.show", "admin.disputes.show"}


def test_every_page_fits(browser, site):
    assert look(browser, pages(site.url)) == []


def test_the_open_pages_fit_with_the_longer_words_of_italian(browser, site):
    visitor = Visitor(site.url)
    visitor.http.cookies.set("language", "it")
    paths = {path: path for path in ("/", "/courses", "/rulebook", "/terms", "/privacy", "/sign-up", "/log-in")}
    assert look(browser, {"visitor": (visitor, paths)}) == []


def test_pictures_are_made_in_both_sizes_and_colours(browser, site, tmp_path):
    visitor, paths = pages(site.url)["student"]
    assert look(browser, {"student": (visitor, {"wallet": paths["wallet"]})}, tmp_path) == []
    widths = {path.name: int.from_bytes(path.read_bytes()[16:20]) for path in tmp_path.iterdir()}
    assert widths == {f"student-wallet-{width}-{scheme}.png": width for width in (390, 1440) for scheme in ("light", "dark")}


def test_every_page_the_application_knows_is_among_them(site, prepared):
    known = prepared.url_map.bind("127.0.0.1")
    paths = [urlsplit(path).path for _, paths in pages(site.url).values() for path in paths.values()]
    shown = {known.match(path)[0] for path in paths if path != "/nothing-here"}
    there_are = {rule.endpoint for rule in prepared.url_map.iter_rules() if "GET" in rule.methods}
    assert shown == there_are - NO_PAGES - ONLY_LEAD_ON - NEED_TIME


def test_the_picture_of_the_readme_is_made(browser, site, tmp_path):
    """On a wallet that shows what its caption says: what is available, what matures when, and movements with their states."""
    picture = tmp_path / "wallet.png"
    assert wallet(browser, site.url, picture) == []
    assert picture.read_bytes()[16:24] == (1280).to_bytes(4) + (800).to_bytes(4)
