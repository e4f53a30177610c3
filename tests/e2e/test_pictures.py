"""Every page fits its window, in each size and colour, and asks for nothing a visitor would not forgive."""

from tests.e2e.pictures import take


def test_every_page_fits(browser, site, tmp_path):
    assert take(browser, site.url, tmp_path) == []
    assert len(list(tmp_path.iterdir())) > 200
