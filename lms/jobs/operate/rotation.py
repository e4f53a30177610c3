"""`flask keys`: what an operator does with the keys of members and signers. No key is ever shown."""

import click

from lms.chain.vault import shorten
from lms.domain.wallet import custody
from lms.jobs import keys as stored
from lms.jobs import node as here
from lms.jobs.operate.groups import keys


@keys.command()
def rotate():
    """Wrap every stored key by the newest KEK. What KEK_OLD has opens the older ones; killed, it goes on where it was."""
    stored.check()
    version, closed = here.keks().version, []
    for path in stored.rewrap_files():
        click.echo(f"{path} is wrapped by version {version}")
    for count, failed in stored.rewrap_wallets():
        closed += failed
        click.echo(f"{count} keys rewrapped, {custody.count_wrapped_by_others(version)} left")
    if closed:
        raise click.ClickException(f"The KEK they name does not open the keys of {', '.join(map(shorten, closed))}. Is KEK_OLD what KEK was then?")
    click.echo(f"Every key is wrapped by version {version}. Once all workers have it, take KEK_OLD out.")
