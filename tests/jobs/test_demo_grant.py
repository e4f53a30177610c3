"""`flask demo grant`: TEO for trying out, out of the treasury."""

from lms.domain.wallet import queries as wallet
from tests.conftest import teo


def grant(app, *words):
    return app.test_cli_runner().invoke(args=["demo", "grant", *words])


def test_each_of_the_members_has_so_many_more(worker, ana, bruno):
    result = grant(worker, ana.email, bruno.email, "40")
    assert result.exit_code == 0 and result.output.splitlines() == [f"{email} has 40 TEO more." for email in (ana.email, bruno.email)]
    assert [wallet.balance(user.id).available for user in (ana, bruno)] == [teo(40), teo(40)]


def test_an_address_nobody_has_gives_nobody_anything(worker, ana):
    result = grant(worker, ana.email, "nobody@example.org", "40")
    assert result.exit_code == 1 and "nobody@example.org" in result.output
    assert wallet.balance(ana.id).available == 0
