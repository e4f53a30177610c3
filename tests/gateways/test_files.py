"""The directory that keeps uploads."""

import os

import pytest

from lms.gateways import files

PLACE = "0123456789abcdef" * 2


@pytest.fixture
def store(tmp_path):
    return files.from_url(f"file://{tmp_path}/up%20loads")


def test_what_is_put_is_got_and_gone_when_removed(store):
    store.put(PLACE, b"bytes")
    assert store.get(PLACE) == b"bytes"
    store.remove(PLACE)
    with pytest.raises(files.Missing):
        store.get(PLACE)
    store.remove(PLACE)


def test_only_its_owner_reads_it(store):
    store.put(PLACE, b"bytes")
    assert store.directory.name == "up loads"
    assert store.directory.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in store.directory.iterdir()] == [(PLACE, 0o600)]


def test_what_is_put_outlives_a_power_failure(store, monkeypatch):
    """Its bytes are on the disk before they have their name, and the name before anybody is told."""
    kept = []

    def fsync(handle):
        kept.append((os.readlink(f"/proc/self/fd/{handle}"), store._path(PLACE).exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    store.put(PLACE, b"bytes")
    assert kept == [(f"{store._path(PLACE)}.draft", False), (str(store.directory), True)]


@pytest.mark.parametrize("place", ["", "../secrets.json", "/etc/passwd", PLACE + "/x", PLACE.upper(), PLACE[:-1]])
def test_no_other_place_is_touched(store, place):
    for touch in (store.get, store.remove, lambda name: store.put(name, b"bytes")):
        with pytest.raises(ValueError, match="a place is 32"):
            touch(place)
