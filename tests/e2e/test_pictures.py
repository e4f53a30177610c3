"""Every page fits its window, in each size, and asks for nothing a visitor would not forgive."""

from urllib.parse import urlsplit

from tests.e2e.pages import pages
from tests.e2e.pictures import look, wallet
from tests.test_app import NO_PAGES

ONLY_LEAD_ON = {"checkout.pay"}


def test_every_page_fits(browser, site):
    assert look(browser, site.url) == []


def test_every_page_the_application_knows_is_among_them(site, prepared):
    known = prepared.url_map.bind("127.0.0.1")
    paths = [urlsplit(path).path for _, paths in pages(site.url).values() for path in paths.values()]
    shown = {known.match(path)[0] for path in paths if path != "/nothing-here"}
    there_are = {rule.endpoint for rule in prepared.url_map.iter_rules() if "GET" in rule.methods}
    assert shown == there_are - NO_PAGES - ONLY_LEAD_ON


def test_the_picture_of_the_readme_is_made(browser, site, tmp_path):
    """On a wallet that shows what its caption says: what is available, what matures when, and movements with their states."""
    picture = tmp_path / "wallet.png"
    wallet(browser, site.url, picture)
    assert picture.read_bytes()[16:24] == (1280).to_bytes(4) + (800).to_bytes(4)
