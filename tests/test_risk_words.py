"""What admins read of a sign of fraud."""

import pytest

from lms.ui import risk_words

NAMES = dict(enumerate(("Ana", "Bruno", "Cleo", "Dora", "Emil", "Fred", "Gina"), start=1))


@pytest.fixture
def said(app):
    """said("dispute", disputes=1) is the sentence."""
    with app.test_request_context("/"):
        yield lambda sign, **facts: risk_words.sentence({"name": sign, "weight": 10, "facts": facts}, NAMES)


@pytest.mark.parametrize(
    ("sign", "facts", "sentence"),
    [
        ("new account", {"days": 0}, "It was opened less than a day before."),
        ("new account", {"days": 1}, "It was opened 1 day before."),
        ("new account", {"days": 6}, "It was opened 6 days before."),
        ("new address", {"days": 0}, "The address was linked less than a day before."),
        ("new address", {"days": 1}, "The address was linked 1 day before."),
        ("new address", {"days": 2}, "The address was linked 2 days before."),
        ("refund after reward", {"refunds": 1}, "1 course that had brought rewards was given back."),
        ("refund after reward", {"refunds": 2}, "2 courses that had brought rewards were given back."),
        ("dispute", {"disputes": 1}, "His bank asked 1 payment of his back."),
        ("dispute", {"disputes": 2}, "His bank asked 2 payments of his back."),
        ("dispute", {"sold": 1}, "The bank of a buyer asked 1 payment back."),
        ("dispute", {"disputes": 1, "sold": 3}, "His bank asked 1 payment of his back. Banks of his buyers asked 3 payments back."),
        ("circle", {"members": [1]}, "He traded with Ana, who shares a browser, an address or a network with him."),
        ("circle", {"members": [1, 2]}, "He traded with Ana, Bruno, who share a browser, an address or a network with him."),
        ("circle", {"mutual": [1, 2]}, "Ana, Bruno bought of him and sold to him."),
        ("circle", {"sales": 5, "to_one": 4, "mutual": [1]}, "Ana bought of him and sold to him. 4 of 5 sales went to one member."),
        ("reward velocity", {"week": 60_000_000, "before": 2_000_000}, "60.00 TEO in a week, 2.00 TEO a week before that."),
        ("hasty learning", {"hasty": 3, "lessons": 5}, "3 of 5 lessons were completed in less than a fifth of the time they take."),
        ("caps reached", {"days": 2}, "Rewards were above the daily limit on 2 days of the month."),
        ("disposable mail", {"domain": "mailinator.com"}, "Addresses of mailinator.com are thrown away after use."),
        ("a sign of tomorrow", {"days": 3}, ""),
    ],
)
def test_a_sentence_counts_as_one_speaks(said, sign, facts, sentence):
    assert said(sign, **facts) == sentence


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([], "… signed in with the same browser."),
        ([9], "#9 signed in with the same browser."),
        ([1, 2, 3, 4, 5], "Ana, Bruno, Cleo, Dora, Emil signed in with the same browser."),
        ([1, 2, 3, 4, 5, 6], "Ana, Bruno, Cleo, Dora, Emil and 1 more signed in with the same browser."),
        ([*range(1, 301)], "Ana, Bruno, Cleo, Dora, Emil and 295 more signed in with the same browser."),
    ],
)
def test_of_many_members_five_are_named_and_the_rest_counted(said, members, sentence):
    assert said("shared device", members=members) == sentence
