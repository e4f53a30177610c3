"""What takes tokens, time or an admin's word fits its window, too; among the last of its folder, as it moves the clock that the others share."""

from urllib.parse import urlsplit

import pytest

from tests.e2e.markup import complaints
from tests.e2e.pictures import look
from tests.e2e.states import states
from tests.e2e.test_pictures import NEED_TIME


@pytest.fixture(scope="module")
def shown(site):
    with states(site.url, site.directory / "worker.env") as shown:
        yield shown


def test_every_state_fits(browser, shown):
    assert look(browser, shown) == []


def test_every_state_is_valid_html(shown, tmp_path):
    assert complaints(shown, tmp_path) == ""


def test_what_needs_time_is_among_them(shown, prepared):
    known = prepared.url_map.bind("127.0.0.1")
    paths = [urlsplit(path).path for _, paths in shown.values() for path in paths.values() if not callable(path)]
    assert {known.match(path)[0] for path in paths} >= NEED_TIME


@pytest.mark.parametrize(("name", "words"), [("checking", "We look at it"), ("in-review", "One of us looks at it"), ("final", "It has arrived"), ("refused", "It was rejected")])
def test_each_state_of_a_withdrawal_stands_still(shown, name, words):
    saver, paths = shown["saver"]
    assert words in saver.get(paths[f"withdrawal-{name}"]).text
