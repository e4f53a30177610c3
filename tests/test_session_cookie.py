"""The signed cookie: what is forged, altered or too old is refused, also after the true one was seen."""

import base64
import time
from datetime import timedelta

import pytest
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature

LIFE = timedelta(days=30)


@pytest.fixture
def signer(app):
    return app.session_interface.get_signing_serializer(app)


def _loads(signer, cookie):
    return signer.loads(cookie, max_age=LIFE.total_seconds())


def test_what_one_request_changes_is_not_what_the_next_reads(signer):
    cookie = signer.dumps({"_user_id": "ana"})
    _loads(signer, cookie)["_user_id"] = "ben"
    assert _loads(signer, cookie) == {"_user_id": "ana"}


def test_nor_is_what_it_changes_inside(signer):
    cookie = signer.dumps({"_flashes": [("info", "Saved.")]})
    first = _loads(signer, cookie)
    first["_flashes"].append(("info", "Another."))
    assert _loads(signer, cookie) == {"_flashes": [("info", "Saved.")]}


def test_an_altered_cookie_is_refused_although_the_true_one_was_seen(signer):
    cookie = signer.dumps({"_user_id": "ana"})
    assert _loads(signer, cookie) == {"_user_id": "ana"}
    payload, signed_at, signature = cookie.split(".")
    for forged in (
        f"{signer.dumps({'_user_id': 'ben'}).split('.')[0]}.{signed_at}.{signature}",
        f"{payload}.AAAAAA.{signature}",
        f"{payload}.{signed_at}.{signature[::-1]}",
        payload,
        "",
    ):
        for _ in range(2):
            with pytest.raises(BadSignature):
                _loads(signer, forged)


def test_a_cookie_grows_too_old_although_it_was_seen(signer, monkeypatch):
    cookie = signer.dumps({"_user_id": "ana"})
    _loads(signer, cookie)
    later = time.time() + LIFE.total_seconds() + 2
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    with pytest.raises(BadSignature, match="too old"):
        _loads(signer, cookie)


def test_another_secret_reads_no_cookie_of_ours(app, signer):
    other = type(signer)(["another secret of forty characters, or so"], signer.salt, signer.serializer, signer_kwargs=signer.signer_kwargs)
    with pytest.raises(BadSignature):
        _loads(signer, other.dumps({"_user_id": "ana"}))


def test_a_page_that_read_the_session_varies_by_cookie(log_in, ana):
    assert "Cookie" in log_in(ana).get("/wallet").vary


def test_the_tokens_of_forms_are_signed_as_the_cookie_is(app):
    with app.test_request_context():
        signature = generate_csrf().rsplit(".", 1)[1]
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32  # SHA-256; its library would take SHA-1
