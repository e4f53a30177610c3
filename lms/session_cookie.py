"""The signed cookie that a browser is known by, and how each of ours is called. It comes with every request, so what can be known once is."""

import hashlib
from functools import lru_cache

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, Signer, URLSafeTimedSerializer

Signer.default_digest_method = staticmethod(hashlib.sha256)  # of the tokens of forms, too, whose library leaves it at SHA-1
REMEMBERED = 1024  # cookies, of some hundred bytes; gunicorn takes no header above 8 kB


def called(name, secure):
    """The name of a cookie: over https one that a browser takes from this host alone, for all of it, and never from one beside it (RFC 6265bis)."""
    return f"__Host-{name}" if secure else name


class Sessions(SecureCookieSessionInterface):
    """Flask's, without making its signer anew for each request, or asking how to set a cookie that is not set."""

    digest_method = staticmethod(hashlib.sha256)

    def get_signing_serializer(self, app):
        if "session_signer" not in app.extensions:
            made = super().get_signing_serializer(app)
            app.extensions["session_signer"] = _Signer(made.secret_keys, made.salt, made.serializer, signer_kwargs=made.signer_kwargs)
        return app.extensions["session_signer"]

    def save_session(self, app, session, response):
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:
            response.vary.add("Cookie")


class _Signer(URLSafeTimedSerializer):
    """Checks the signature of a cookie the first time it comes, and its age (seconds) each time."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._signer = self.make_signer()
        self._known = lru_cache(REMEMBERED)(self._check)  # a refusal is raised, and what is raised is not remembered

    def loads(self, cookie, max_age):
        value, payload, signed_at = self._known(cookie)
        if self._signer.get_timestamp() - signed_at.timestamp() > max_age:
            raise SignatureExpired("The cookie is too old.", payload=value, date_signed=signed_at)
        return self.load_payload(value) if payload is None else dict(payload)

    def _check(self, cookie):
        """(what was signed, the same read unless a request could change it inside for the next one, when)"""
        value, signed_at = self._signer.unsign(cookie, return_timestamp=True)
        payload = self.load_payload(value)
        is_flat = all(isinstance(each, str | int | None) for each in payload.values())
        return value, payload if is_flat else None, signed_at
