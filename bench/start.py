"""How long `make demo` takes when it has run before: from the command to READY."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from statistics import median

from bench.measure import Figure
from rig import ROOT, Refusal
from rig.demo import Demo
from rig.services import free_port

STARTS = 3


def figures():
    with tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True) as directory:
        port = free_port()
        try:
            _seconds_to_ready(directory, port)
            seconds = [_seconds_to_ready(directory, port) for _ in range(STARTS)]
        finally:
            Demo(directory).remove()
    return [Figure("demo.second_start_s", median(seconds), "s", 10)]


def _seconds_to_ready(directory, port):
    began = time.monotonic()
    command = [sys.executable, "-m", "rig.demo", directory]
    env = {"PATH": os.environ["PATH"], "DEMO_PORT": str(port)}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as demo:
        try:
            if not any(line.startswith("READY") for line in demo.stdout):
                raise Refusal("The demo ended before it was ready.")
            return time.monotonic() - began
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()
