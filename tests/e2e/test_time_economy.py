"""The story of `make play-economy`, on a site whose clock it moves: among the last of its folder, as the others share it."""

from tests.e2e.play_economy import play
from tests.e2e.story import INDENT


def test_the_economy_runs_from_an_application_to_a_statement_that_foots(browser, site):
    said = []
    events = [sentence for _, sentence in play(browser, site.url, site.directory / "worker.env", said.append)]
    assert events[-1] == "flask audit: differences 0, supply = ledger"
    balances = [line.split(maxsplit=2) for line in said if line.startswith(INDENT)]
    assert len(balances) == 6 * len(events[:-1]), "of each person and of the platform what there is of either, after each step"
    last = {(who, asset): parts for who, asset, parts in balances[-6:]}
    assert last.keys() == {(who, asset) for who in ("teacher", "student", "platform") for asset in ("TEO", "EUR")}
    assert "available 14.360000" in last["student", "TEO"] and "available 32.00" in last["teacher", "EUR"]
