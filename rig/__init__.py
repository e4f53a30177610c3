"""What runs around the application: set-up, services, the demo, the tests.

`rig.setup` and all it imports use the standard library only, because they run before anything is installed.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"


class Refusal(Exception):
    """A sentence for the person at the terminal that says what is wrong and what to do."""
