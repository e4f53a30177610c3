"""A fresh clone is set up from locks that name what, not where from."""

import configparser
import re
import subprocess
import sys

import pytest

from rig import ROOT, Refusal, setup, tools
from rig import test as suite
from rig.lock import LOCKS as WRITTEN

LOCKS = list(WRITTEN)


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json", ".npmrc"])
def test_a_lock_holds_no_registry_address(lock):
    addresses = re.findall(r"https?://[^\s\"']+", (ROOT / lock).read_text())
    assert [address for address in addresses if re.search(r"\.tgz|\.whl|registry|pypi|simple", address)] == []
    assert '"resolved"' not in (ROOT / lock).read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_each_locked_python_package_has_hashes(lock):
    lines = (ROOT / lock).read_text().splitlines()
    assert [line for line in lines if re.match(r"\w", line) and not line.endswith("\\")] == []


def test_the_lock_holds_what_setup_cfg_asks_for():
    asked = configparser.ConfigParser()
    asked.read(ROOT / "setup.cfg")
    lists = [asked["options"]["install_requires"], *asked["options.extras_require"].values()]
    assert {name for text in lists for name in _named(text)} - _locked("requirements.lock") == set()


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_the_analysers_and_the_installer_are_locked_too(lock):
    assert _named((ROOT / lock).with_suffix(".in").read_text()) - _locked(lock) == set()


def test_an_unsupported_python_is_one_sentence(monkeypatch):
    monkeypatch.setattr(setup, "_version", lambda python: (3, 10))
    with pytest.raises(Refusal, match=r"Python 3\.11 to 3\.13 is needed"):
        setup._supported_python()


def test_a_missing_python_is_one_sentence():
    answer = subprocess.run(["make", "setup", "PYTHON=no-such-python"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "no-such-python was not found: install Python 3.11 to 3.13" in answer.stdout


def test_a_missing_chromium_is_one_sentence(monkeypatch):
    monkeypatch.setattr(tools, "chromium", lambda: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Refusal, match=r"run `sudo apt-get install chromium-headless-shell`"):
        suite._need_chromium()


def test_a_full_disk_is_one_sentence(monkeypatch):
    monkeypatch.setattr(setup, "NEEDED_DISK", 1 << 60)
    with pytest.raises(Refusal, match="free some space"):
        setup._need_disk()


def test_a_missing_program_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "NODE_MODULES", tmp_path)
    with pytest.raises(Refusal, match=r"anvil is missing under .*: run `make setup`\. If it stays missing, its package has no build for linux on"):
        tools.anvil()


def test_a_tool_that_fails_shows_its_errors_and_the_remedy():
    with pytest.raises(Refusal, match=r"(?s)error: no such thing.*Try again"):
        setup._do([sys.executable, "-c", "import sys; print('chatter'); sys.exit('error: no such thing')"], "Try again.")


def test_a_second_set_up_does_nothing():
    answers = [subprocess.run([sys.executable, "-m", "rig.setup"], cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(2)]
    assert answers[1].stdout == ""


def _named(text):
    return {_plain(re.match(r"[\w.-]+", line)[0]) for line in text.split("\n") if re.match(r"\w", line)}


def _locked(lock):
    return {_plain(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}


def _plain(name):
    return name.lower().replace("_", "-").replace(".", "-")
