"""`flask audit`: the ledger, the entries and the chain agree, or it says where they do not."""

from dataclasses import asdict

import click

from lms.domain.ledger import queries as ledger
from lms.domain.rulebook.amounts import MICRO
from lms.domain.wallet import reconciliation
from lms.jobs import node as here
from lms.jobs.balances import observe


@click.command()
def audit():
    """The audit row against balances read from the node; exit 1 when anything is off."""
    pool, token = here.pool(), here.token()
    if token is None:
        raise click.ClickException("Nothing is deployed yet. Run: flask chain deploy")
    observed = observe(pool, token)
    row = reconciliation.audit(observed)
    for name, count in asdict(row).items():
        click.echo(f"{name:24} {count}")
    waiting = ledger.issued() - observed.supply
    click.echo(f"block {observed.block}, supply {observed.supply / MICRO:.6f} TEO")
    supply = "supply = ledger" if waiting == 0 else f"supply + {waiting / MICRO:.6f} TEO that wait for settlement = ledger"
    click.echo(f"differences {row.differences}, {supply}")
    if row.differences:
        raise SystemExit(1)
