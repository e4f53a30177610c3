"""Copies fill tables as the constraints want it, and what is found in plans is what is there. What pages do is for `make explain`."""

import pytest
from sqlalchemy import text

from bench import explain, many
from lms.db import db
from tests import everything
from tests.access.world import World


@pytest.fixture
def full(app, member, log_in, chain):
    World(app, member, log_in)
    everything.fill()


def test_each_table_that_grows_is_filled_and_each_foreign_key_leads_somewhere(full, monkeypatch):
    monkeypatch.setattr(many, "ROWS", 100)
    monkeypatch.setattr(many, "PARENTS", 50)
    counted = many.multiply()
    assert {name for name, count in counted.items() if name not in many.FIXED and count < 50} == set()
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            for key in column.foreign_keys:
                parent = key.column
                lost = f'SELECT count(*) FROM {table.name} t WHERE "{column.name}" IS NOT NULL AND NOT EXISTS (SELECT FROM {parent.table.name} p WHERE p."{parent.name}" = t."{column.name}")'
                assert db.session.scalar(text(lost)) == 0, (table.name, column.name)


def test_a_table_read_from_end_to_end_and_a_statement_sent_again_are_told(app, monkeypatch, capsys):
    monkeypatch.setattr(explain, "MANY", 10)
    db.session.execute(text("INSERT INTO switches (name, reason, at) SELECT 'part ' || n, '', now() FROM generate_series(1, 50) n"))
    db.session.commit()
    report = explain.Report({"switches"})
    with explain.heard() as asked:
        for name in ("part 1", "part 2"):
            db.session.execute(text("SELECT reason FROM switches WHERE reason = :reason"), {"reason": name})
    report.add("a page", asked)
    report.tell()
    assert (report.pages, list(report.again.values())) == ({"a page"}, [[("a page", 2)]])
    assert "switches, 50 rows" in capsys.readouterr().out


def test_an_index_is_no_reading_from_end_to_end(app):
    db.session.execute(text("INSERT INTO switches (name, reason, at) SELECT 'part ' || n, '', now() FROM generate_series(1, 50) n"))
    db.session.commit()
    report = explain.Report({"switches"})
    with explain.heard() as asked:
        db.session.execute(text("SELECT reason FROM switches WHERE name = 'part 7'"))
    report.add("a page", asked)
    assert (report.pages, report.whole, report.many, report.again) == (set(), {}, {}, {})
