"""Operations before there is anything to give them a number."""

import pytest

from lms.db import db, transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Operation


def test_where_no_contract_is_deployed_nothing_is_queued(app):
    with pytest.raises(RuntimeError, match="no contract"), transaction():
        onchain.queue("settle:1", "settle", [])
    assert db.session.query(Operation).count() == 0
