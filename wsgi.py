"""The web process: `gunicorn wsgi:app`. It never holds chain keys and never imports web3."""

import sys

from lms import create_app
from lms.config import ConfigError

STOP = 3  # gunicorn ends when a worker ends with this before it serves; after any other status it would try again for ever

try:
    app = create_app("web")
except ConfigError as refusal:
    print(refusal, file=sys.stderr)
    sys.exit(STOP)
