"""The HTML of every page, for each role, as html-validate reads it."""

import subprocess

from rig import ROOT, tools
from tests.e2e.pages import pages

VALIDATOR = tools.NODE_MODULES / "html-validate" / "bin" / "html-validate.mjs"


def test_every_page_is_valid_html(site, tmp_path):
    for role, (visitor, paths) in pages(site.url).items():
        for name, path in paths.items():
            (tmp_path / f"{role}-{name}.html").write_text(visitor.http.get(site.url + path).text)
    command = [tools.node(), VALIDATOR, "--config", ROOT / ".htmlvalidate.json", "--formatter", "text", *sorted(tmp_path.iterdir())]
    answer = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (answer.stdout + answer.stderr, answer.returncode) == ("", 0)
