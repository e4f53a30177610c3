"""The pipeline's rows, and that lanes side by side do send. How fast is for `make bench`."""

import subprocess
from contextlib import nullcontext

from bench import pipeline
from rig import ROOT
from rig.tools import PYTHON

# In a process of its own: the bench makes the environment its own.
SEND = """
from bench import pipeline
from bench.works import works
from lms.domain.onchain import queries
pipeline.HOLDERS = 800
with works():
    pipeline._make_holders()
    pipeline._queue()
    assert pipeline._sign_and_send(4) > 0
    print(queries.counts())
"""


def test_signing_and_sending_alone_stands_beside_one_signer_and_beside_four(monkeypatch):
    for name, stand_in in {
        "works": nullcontext,
        "_make_holders": lambda: None,
        "_queue": lambda: None,
        "_measure": lambda _, signers: 2_000 * signers,
        "_sign_and_send": lambda lanes: 9_000 * lanes,
    }.items():
        monkeypatch.setattr(pipeline, name, stand_in)
    assert [(figure.name, figure.value) for figure in pipeline.figures()] == [
        ("pipeline.recipients_per_s.1", 2_000),
        ("pipeline.sign_and_send.recipients_per_s.1", 9_000),
        ("pipeline.recipients_per_s.4", 8_000),
        ("pipeline.sign_and_send.recipients_per_s.4", 36_000),
    ]


def test_four_lanes_side_by_side_send_all_there_is():
    answer = subprocess.run([PYTHON, "-c", SEND], cwd=ROOT, check=False, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "{'sent': 4}"
