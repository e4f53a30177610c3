"""What the application says, and the catalogues that say it in other languages.

`make translations` brings each catalogue up to date with the sources: what is new stands there empty, for a
person to translate, and what nobody says any more is gone. Set-up compiles the catalogues.
"""

import io
import os

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from rig import ROOT
from rig.terminal import run, say

SOURCES = ROOT / "lms"
CATALOGUES = SOURCES / "translations"
# Refusals are raised in English and said in the asker's language; the sentence is their first argument.
REFUSALS = (
    "DomainError", "Invalid", "NotFound", "Forbidden", "Unavailable", "Overdraft", "KeyReused", "LaneFull", "LaneHalted", "LaneRetired", "BadWebhook", "Refused", "TeachersOnly",
)  # fmt: skip
# Of a part of the site its sentence, of a tier its name; what is said of one, and of several.
KEYWORDS = DEFAULT_KEYWORDS | dict.fromkeys(("lazy_gettext", *REFUSALS)) | {"Part": (3,), "Tier": (1,), "NN_": (1, 2)}
# No dates, names and addresses: they would change with every run and say nothing.
HEADER = """\
msgid ""
msgstr ""
"Language: {catalogue.locale}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {catalogue.plural_forms}\\n"

"""


def main():
    said = extract()
    for path in files():
        catalogue = read(path)
        catalogue.update(said, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.write_text(HEADER.format(catalogue=catalogue) + _written(catalogue), encoding="utf-8")
        empty = sum(1 for message in catalogue if message.id and not any(_forms(message)))
        say(f"{path.relative_to(ROOT)}: messages {len(catalogue)}, to translate {empty}")


def extract():
    """A Catalog of all the application says now."""
    with open(ROOT / "babel.cfg") as file:
        methods, options = parse_mapping_cfg(file)
    said = Catalog()
    for name, line, message, comments, context in extract_from_dir(ROOT, methods, options, KEYWORDS, directory_filter=_is_ours):
        said.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return said


def files():
    """The catalogues, one a language."""
    return sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po"))


def read(path):
    with open(path, "rb") as file:
        return read_po(file, locale=path.parts[-3])


def _is_ours(directory):
    """Only what lies under lms/ is looked through: node_modules is large."""
    return os.path.commonpath((SOURCES, directory)) == str(SOURCES)


def _written(catalogue):
    file = io.BytesIO()
    write_po(file, catalogue, width=140, omit_header=True, sort_by_file=True, include_lineno=False)
    return file.getvalue().decode().lstrip("\n")


def _forms(message):
    return message.string if message.pluralizable else (message.string,)


if __name__ == "__main__":
    run(main)
