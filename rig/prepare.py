"""Bring database, chain and seed up to date, in one process: importing the application four times is slow."""

import contextlib
import sys
from pathlib import Path

from flask.cli import FlaskGroup

from lms import create_app


def main(logins):
    """Run the four commands, each of which may run again; what the seed prints goes to the file `logins`."""
    app = create_app("cli")
    flask = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    for command in ("db upgrade", "chain signer", "chain deploy"):
        flask.main(command.split(), standalone_mode=False)
    with open(logins, "w") as file, contextlib.redirect_stdout(file):
        flask.main(["seed"], standalone_mode=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
