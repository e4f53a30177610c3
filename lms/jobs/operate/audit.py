"""`flask audit`: the ledger, the entries and the chain agree, or it says where they do not. `flask audit log`: what was decided stands as it was written."""

from dataclasses import asdict

import click

from lms.domain.audit import log
from lms.domain.ledger import queries as ledger
from lms.domain.rulebook.amounts import MICRO
from lms.domain.wallet import reconciliation
from lms.jobs import node as here
from lms.jobs.balances import observe


@click.group(invoke_without_command=True)
@click.pass_context
def audit(context):
    """The audit row against balances read from the node; exit 1 when anything is off."""
    if context.invoked_subcommand is None:
        _compare()


@audit.command("log")
@click.option("--kept", metavar="NUMBER:HASH", callback=lambda context, option, word: word and _head(word), help="What it said before: nothing up to there is gone, either.")
def read_log(kept):
    """Whether each row of the audit log stands as it was written; exit 1 with the number of the first that does not, or when there are some without a number."""
    altered = log.first_altered(kept)
    if altered is not None:
        click.echo(f"row {altered} of the audit log is not as it was written, or it is gone")
        raise SystemExit(1)
    if strays := log.strays():
        click.echo(f"{strays} rows of the audit log have no number: nothing here wrote them")
        raise SystemExit(1)
    last = log.head()
    click.echo(f"{last.number} rows, none was altered; to be kept elsewhere: {last.number}:{last.hash}")


def _head(word):
    number, _, digest = word.partition(":")
    if not number.isdecimal() or len(digest) != len(log.GENESIS):
        raise click.BadParameter("This is none: it is a number, a colon and 64 hex digits.")
    return log.Head(int(number), digest)


def _compare():
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
