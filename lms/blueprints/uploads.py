"""Files members send, put where uploads are kept, and handed out again. Who may read one says the view."""

import logging
from contextlib import contextmanager

from flask import current_app
from flask_login import current_user
from sqlalchemy.exc import DBAPIError

from lms.db import db
from lms.domain.files import actions as files
from lms.domain.files.upload_limits import LARGEST
from lms.errors import Invalid, NotFound, Unavailable
from lms.gateways import file_store, upload_scanner
from lms.gateways.files import Missing
from lms.gateways.scanner import NotScanned
from lms.ui import download

log = logging.getLogger(__name__)


def read(uploads):
    """[(name, bytes)] of what a form brought, without the field that was left empty; of one that is too large as much as shows it."""
    return [(upload.filename, upload.stream.read(LARGEST + 1)) for upload in uploads or () if upload and upload.filename]


@contextmanager
def stored(contents):
    """with stored(contents) as documents: [(place, Content)], in the store. What is not kept in the end leaves nothing there: by us, or, where this process
    dies or cannot tell, by jobs.files."""
    _look_at(contents)
    documents = [(files.new_place(), content) for content in contents]
    try:
        _put(documents)
        yield documents
    except Exception as error:
        if not _may_be_kept(error):
            empty(place for place, _ in documents)
        raise


def _may_be_kept(error):
    """Whether it is not known: a connection that is lost in the commit takes the answer with it, and the row may name them."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def empty(places):
    """Remove what stood at these places, after the rows that named them are gone. What stays, for who died before or a disk that refuses, is of no row: jobs.files."""
    store = _store()
    try:
        for place in places:
            store.remove(place)
    except OSError as error:
        log.warning("uploads not removed", extra={"error": type(error).__name__})


def as_attachment(file):
    """The answer that saves the file under its name and opens nothing in the browser; its type is what was found in it."""
    try:
        data = _store().get(file.place)
    except Missing:
        raise NotFound("This file is not kept any more.") from None
    return download(data, file.name, file.media_type)


def _look_at(contents):
    """Nothing is kept that is known to be malicious, and nothing that nobody could look at."""
    scanner = upload_scanner(current_app.config)
    db.session.rollback()  # it may hang, and then no connection hangs with it
    for content in contents:
        try:
            found = scanner.finds(content.data)
        except NotScanned as error:
            log.warning("upload not scanned", extra={"error": str(error)})
            raise Unavailable("Files cannot be looked at at the moment. Nothing was done: try again later.") from None
        if found:
            log.warning("malicious upload refused", extra={"found": found, "member": current_user.id, "sha256": content.sha256.hex()})
            raise Invalid("%(name)s is known to be malicious. Nothing was kept.", name=content.name)


def _put(documents):
    store = _store()
    try:
        for place, content in documents:
            store.put(place, content.data)
    except OSError:
        raise Unavailable("Files cannot be kept at the moment. Nothing was done: try again later.") from None


def _store():
    return file_store(current_app.config)
