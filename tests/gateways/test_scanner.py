"""What ClamAV's daemon is asked, and how its answers are read."""

import pytest

from lms.gateways.scanner import Clamd, NotScanned, from_url
from tests.clamd import MALICIOUS, clamd


@pytest.mark.parametrize("by_path", [True, False])
def test_every_byte_is_looked_at(tmp_path, by_path):
    data = bytes(range(256)) * 4000
    with clamd(tmp_path / "clamd" if by_path else None) as daemon:
        scanner = from_url(daemon["url"])
        assert (scanner.finds(data), scanner.finds(data + MALICIOUS)) == ("", "Test-Signature")
    assert daemon["seen"] == [data, data + MALICIOUS]


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK, so far\0", b"\0"])
def test_what_was_not_looked_at_is_not_taken_for_clean(tmp_path, answer):
    with clamd(tmp_path / "clamd", answer) as daemon, pytest.raises(NotScanned):
        Clamd(daemon["url"]).finds(b"any")


@pytest.mark.parametrize("url", ["unix:///nowhere/clamd.ctl", "tcp://127.0.0.1:1"])
def test_a_daemon_that_is_gone_is_told(url):
    with pytest.raises(NotScanned):
        Clamd(url).finds(b"any")


def test_without_one_nothing_is_found():
    assert from_url("").finds(MALICIOUS) == ""
