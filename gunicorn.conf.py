"""The web server. The number of workers is gunicorn's own WEB_CONCURRENCY, the address comes on the command line."""

import gc
import runpy
from pathlib import Path

import gevent
from gevent import monkey

# The workers share what is imported before they are made, so sockets become gevent's before that.
monkey.patch_all()
preload_app = True

worker_class = "gevent"
worker_connections = 2000

# A stopping worker waits this long for requests; an open event stream would otherwise hold it for ever,
# and the browser opens it again by itself.
graceful_timeout = 3
timeout = 60
keepalive = 30

# Nobody talks to it by its control socket, which would lie in the home directory, one for all.
control_socket_disable = True


def when_ready(server):
    """What is loaded by now stays for ever: the garbage collector need not walk it again and again, nor copy it for each worker."""
    gevent.sleep(0.1)  # a timer that the application has begun would end in the workers, which know of none
    gc.collect()
    gc.freeze()


# The application logs each request with its id.
accesslog = None


def post_fork(server, worker):
    """A HUP makes gunicorn set the logs up as below, and new workers of the same code: a new release is a new start."""
    from lms import config, logs

    settings = server.app.wsgi().config
    logs.init(settings["LOG_LEVEL"], hide=config.sensitive(settings))


# What gunicorn says itself is as the application's lines are. Their formatter is loaded alone: the application makes its own.
_json = runpy.run_path(Path(__file__).with_name("lms") / "logs.py")["JsonFormatter"]
logconfig_dict = {
    "formatters": {"json": {"()": _json}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}},
}
