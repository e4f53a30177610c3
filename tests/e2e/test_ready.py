"""The running site says within 200 ms how its parts are doing, also of one that does not answer at all."""

import os
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from rig.process import session

TRIES, MOST = 5, 50  # the quickest counts: the machine may be busy with much else
QUICK = 0.2  # seconds


@pytest.mark.parametrize(("part", "down"), [("postgres", {"database", "chain"}), ("redis", {"redis", "queue"})])
def test_a_part_that_hangs_keeps_nobody_waiting_for_the_others(site, part, down):
    with requests.Session() as client:
        assert _healed(client, site)
        with _hanging(getattr(site, part)):
            answers = _asked(client, site)
        assert min(seconds for seconds, _ in answers) < QUICK
        assert [_down(answer) for _, answer in answers] == [down] * len(answers)
        assert _healed(client, site)


@contextmanager
def _hanging(service):
    pids = [int(pid) for leader in session(service.pid) for pid in (leader, *Path(f"/proc/{leader}/task/{leader}/children").read_text().split())]
    _tell(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _tell(pids, signal.SIGCONT)


def _tell(pids, what):
    for pid in pids:
        with suppress(ProcessLookupError):  # a server's helper that ended meanwhile
            os.kill(pid, what)


def _asked(client, site):
    answers = []
    while len(answers) < TRIES or (len(answers) < MOST and min(seconds for seconds, _ in answers) >= QUICK):
        answers.append(_timed(client, site))
    return answers


def _timed(client, site):
    began = time.monotonic()
    answer = client.get(f"{site.url}/health/ready", timeout=20)
    return time.monotonic() - began, answer


def _down(answer):
    return {name for name, part in answer.json().items() if isinstance(part, dict) and part["state"] == "down"}


def _healed(client, site):
    until = time.monotonic() + 30
    while (answer := client.get(f"{site.url}/health/ready", timeout=20)).status_code != 200 and time.monotonic() < until:
        time.sleep(0.2)
    return answer.status_code == 200
