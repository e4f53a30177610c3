"""The HTML of every page, for each role, as html-validate reads it."""

from tests.e2e.markup import complaints
from tests.e2e.pages import pages


def test_every_page_is_valid_html(site, tmp_path):
    assert complaints(pages(site.url), tmp_path) == ""
