"""The web process: `gunicorn wsgi:app`. It never holds chain keys and never imports web3."""

from lms import create_app

app = create_app("web")
