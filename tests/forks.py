"""Deeds of a process of their own, forked from one that has imported the application: to import it each time anew took two seconds."""

import multiprocessing
import os

PATIENCE = 240  # seconds, as the machine may be busy with much else

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["lms.app", "lms.cli"])


def fate(deed, environ, *args):
    """How a process ends that does this in that environment alone: 0 where it does so well, less than that where a signal killed it."""
    process = _FORKS.Process(target=_do, args=(deed, {"PATH": os.environ["PATH"], **environ}, args))
    process.start()
    process.join(PATIENCE)
    assert not process.is_alive(), process.kill()
    return process.exitcode


def _do(deed, environ, args):
    os.environ.clear()
    os.environ.update(environ)
    deed(*args)
