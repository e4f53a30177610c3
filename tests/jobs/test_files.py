"""What nobody's row names does not stay in the store."""

import os
import time
from datetime import timedelta

import pytest

from lms import clock
from lms.db import transaction
from lms.domain.files import actions as files
from lms.domain.files.contents import examine
from lms.gateways.files import Directory
from lms.jobs.files import YOUNGEST
from lms.jobs.schedule import run
from tests.papers import PDF

OLD = YOUNGEST.total_seconds() + 60


@pytest.fixture
def store(app, tmp_path):
    app.config["FILES_URL"], usual = f"file://{tmp_path}/uploads", app.config["FILES_URL"]
    yield Directory(tmp_path / "uploads")
    app.config["FILES_URL"] = usual


def put(store, age=0):
    """A place where bytes have stood for so many seconds."""
    place = files.new_place()
    store.put(place, PDF)
    _written(store.directory / place, age)
    return place


def _written(path, age):
    os.utime(path, (time.time() - age,) * 2)


def standing(store):
    return {path.name for path in store.directory.iterdir()}


def test_what_a_form_left_that_came_to_nothing_is_removed(store, ana):
    kept, left = put(store, OLD), put(store, OLD)
    with transaction():
        files.keep(ana.id, kept, examine("degree.pdf", PDF))
    run("files.sweep")
    assert standing(store) == {kept} and left != kept
    run("files.sweep")
    assert store.get(kept) == PDF


def test_what_was_only_half_written_is_removed(store):
    store.directory.mkdir()
    draft = store.directory / f"{files.new_place()}.draft"
    draft.write_bytes(PDF[:20])
    _written(draft, OLD)
    run("files.sweep")
    assert standing(store) == set()


def test_what_a_form_brings_now_stays_also_when_the_clock_of_a_demo_is_ahead(store):
    place = put(store)
    clock.advance(timedelta(days=30))
    run("files.sweep")
    assert standing(store) == {place}


def test_what_is_no_upload_is_left_alone(store):
    store.directory.mkdir()
    note = store.directory / "README"
    note.write_text("backed up at night")
    _written(note, OLD)
    run("files.sweep")
    assert standing(store) == {"README"}


def test_a_store_nobody_has_used_yet_is_empty(store):
    run("files.sweep")
    assert not store.directory.exists()
