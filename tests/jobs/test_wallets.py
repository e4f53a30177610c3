"""The job that makes a holder's address."""

from lms.domain.ledger import queries as books
from lms.domain.wallet import queries
from lms.jobs import wallets
from tests.test_live import heard as heard


def test_the_open_wallet_is_sent_its_new_address(worker, ana, heard):
    news = heard(ana)
    wallets.make(books.holder_of(ana.id).id)
    came = news()
    assert list(came) == ["address"]
    assert queries.wallet_of(ana.id).address in came["address"]
