"""Fixtures of the tests that need the whole site and a browser."""

import pytest

from rig import browser as browsers
from rig.demo import Demo

_SITE = pytest.StashKey()


@pytest.fixture(scope="session")
def site(request, tmp_path_factory):
    """A whole demo of its own, on free ports: web, worker, cron, PostgreSQL, Redis, anvil with one-second blocks."""
    request.config.stash[_SITE] = demo = Demo(tmp_path_factory.mktemp("site"), durable=False)
    try:
        yield demo.start()
    finally:
        demo.remove()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """The site ends with the last test that needs it, as they run one after the other: its jobs would go on beside all others."""
    site = item.config.stash.get(_SITE, None)
    if site and "site" in item.fixturenames and nextitem is not None and "site" not in nextitem.fixturenames:
        site.remove()


@pytest.fixture(scope="session")
def browser():
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def visitor(browser, site):
    """Return a function that opens a page for a new visitor, with Playwright's context options.

    The test fails on any script error, CSP violation, foreign request, missing file or 5xx of its visitors.
    """
    contexts, watches = [], []

    def visit(**options):
        context = browser.new_context(base_url=site.url, **options)
        contexts.append(context)
        watches.append(browsers.Watch(context, site.url))
        return context.new_page()

    yield visit
    for context in contexts:
        context.close()
    assert [problem for watch in watches for problem in watch.problems] == []


@pytest.fixture
def page(visitor):
    return visitor()
