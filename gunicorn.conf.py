"""The web server. The number of workers is gunicorn's own WEB_CONCURRENCY, the address comes on the command line."""

import gc

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
