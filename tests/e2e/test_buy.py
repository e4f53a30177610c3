"""The story of `make buy`, on a site of its own."""

from tests.e2e.buy import buy


def test_a_student_buys_learns_and_sees_teo_arrive(browser, site):
    events = [sentence for _, sentence in buy(browser, site.url)]
    assert events[-1] == "2.05 TEO on the open wallet, never reloaded"
