"""The story of `make play-desk`, on a site whose clock it moves: among the last of its folder, as the others share it."""

import re

from tests.e2e.play_desk import play


def test_the_desk_runs_from_four_eyes_to_an_altered_row(browser, site):
    events = [sentence for _, sentence in play(browser, site.url, site.directory / "worker.env")]
    told = ("signed up", "it waits", "second admin approved", "held", "ten clean cases", "not signed", "payouts go on", r"row \d+ of the audit log was altered", "differences 0, supply = ledger")
    assert len(events) == len(told)
    for sentence, words in zip(events, told, strict=True):
        assert re.search(words, sentence)
