"""What html-validate says of pages as the site sends them."""

import subprocess

from rig import ROOT, tools

VALIDATOR = tools.NODE_MODULES / "html-validate" / "bin" / "html-validate.mjs"


def complaints(shown, directory):
    """Its words on the pages {role: (Visitor, {name: path})}, none where all are valid; `directory` takes them as files. What no path leads to is left out."""
    for role, (visitor, paths) in shown.items():
        for name, path in paths.items():
            if not callable(path):
                (directory / f"{role}-{name}.html").write_text(visitor.http.get(visitor.url + path).text)
    command = [tools.node(), VALIDATOR, "--config", ROOT / ".htmlvalidate.json", "--formatter", "text", *sorted(directory.iterdir())]
    answer = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    return answer.stdout + answer.stderr + (f"it ended with {answer.returncode}" if answer.returncode else "")
