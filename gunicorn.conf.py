"""The web server. The number of workers is gunicorn's own WEB_CONCURRENCY, the address comes on the command line."""

import gc
import runpy
from pathlib import Path

worker_class = "gevent"
worker_connections = 2000

# A stopping worker waits this long for requests; an open event stream would otherwise hold it for ever,
# and the browser opens it again by itself.
graceful_timeout = 3
timeout = 60
keepalive = 30

# Nobody talks to it by its control socket, which would lie in the home directory, one for all.
control_socket_disable = True


def post_worker_init(worker):
    """What is loaded by now stays for ever: the garbage collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


# The application logs each request with its id.
accesslog = None

# What gunicorn says itself is as the application's lines are. Their formatter is loaded alone: the master
# must not import the application before a worker has made its sockets gevent's.
_json = runpy.run_path(Path(__file__).with_name("lms") / "logs.py")["JsonFormatter"]
logconfig_dict = {
    "formatters": {"json": {"()": _json}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}},
}
