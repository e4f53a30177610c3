"""A command of the rig ends with one sentence, unless the fault is ours."""

import errno
import os

import pytest

from rig import Refusal, terminal


def test_a_refusal_is_its_sentence():
    with pytest.raises(SystemExit, match="Port 8000 is taken"):
        terminal.run(_raising(Refusal("Port 8000 is taken")))


def test_a_disk_that_fills_up_is_a_sentence_with_the_file():
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "var/demo/log/web.log")
    with pytest.raises(SystemExit, match=r"The disk is full \(var/demo/log/web\.log\): free some space and run the same command again"):
        terminal.run(_raising(full))


def test_another_fault_is_shown_whole():
    with pytest.raises(PermissionError):
        terminal.run(_raising(PermissionError(errno.EACCES, "denied")))


def _raising(error):
    def main():
        raise error

    return main
