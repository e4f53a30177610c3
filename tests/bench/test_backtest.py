"""The history that is tried is one the ledger could hold. How long it takes is for `make bench`."""

from bench import backtest
from lms.db import db, transaction
from lms.domain.governance.models import Backtest
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.jobs import backtests as jobs


def test_each_sale_is_replayed_as_the_ledger_has_it(app, monkeypatch):
    monkeypatch.setattr(backtest, "SALES", 100)
    monkeypatch.setattr(backtest, "MEMBERS", 20)
    with transaction():
        backtest_id = backtest.fill()
    assert db.session.query(Transfer).count() == 100 * 16
    assert (books.wrong_balances(), books.unbalanced_assets()) == (0, 0)
    db.session.rollback()
    jobs.run(backtest_id)
    result = db.session.get_one(Backtest, backtest_id, populate_existing=True).result
    rewards = [sum(result["cost"][rule][0]) for rule in ("purchase_max_bp", "lessons_bp", "completion_bp")]
    assert result["events"] == 100 * 12 and sum(rewards) == result["ledger"]
    assert result["members"]["lose"] == 20 and result["stopped"]["user_daily_cap"][1][0] > 0
