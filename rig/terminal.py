"""How a command of the rig ends: well, or with one sentence."""

import errno
import sys

from rig import Refusal


def run(main):
    """Run a command; what a person can mend ends as a sentence and status 1, not as a traceback."""
    try:
        sys.exit(main())
    except Refusal as refusal:
        sys.exit(f"\n{refusal}")
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(f"\nThe disk is full ({error.filename or 'a file could not be written'}): free some space and run the same command again.")


def say(line=""):
    print(line, flush=True)
