"""The story of `make play-economy`, on a site whose clock it moves: among the last of its folder, as the others share it."""

from tests.e2e.play_economy import play


def test_the_economy_runs_from_an_application_to_a_statement_that_foots(browser, site):
    events = [sentence for _, sentence in play(browser, site.url, site.directory / "worker.env")]
    assert events[-1] == "flask audit: differences 0, supply = ledger"
