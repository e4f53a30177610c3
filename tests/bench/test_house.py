"""The house that is measured stands: what is measured is for `make bench`."""

import subprocess

from rig import ROOT
from rig.tools import PYTHON

# In a process of its own: the bench makes the environment its own.
ASK = """
from urllib.request import urlopen
from bench.house import house, server
with house(), server() as (port, _):
    for path in ("/courses", "/bare/"):
        print(urlopen(f"http://127.0.0.1:{port}{path}").status)
"""


def test_the_application_and_the_bare_one_answer_side_by_side():
    answer = subprocess.run([PYTHON, "-c", ASK], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (answer.stdout.split(), answer.returncode) == (["200", "200"], 0), answer.stderr
