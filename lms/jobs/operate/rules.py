"""`flask rulebook`: the rules in words."""

from datetime import UTC

import click

from lms.domain.rulebook import queries as versions
from lms.jobs.operate.command_groups import rulebook
from lms.ui.rulebook import GROUPS, differences, said


@rulebook.command()
@click.argument("number", type=int, required=False)
def show(number):
    """Version NUMBER of the rules, or the one in force, in words; and what is announced after it."""
    edition = versions.edition(number)
    if edition is None:
        raise click.ClickException(f"There is no version {number}.")
    click.echo(_headline(edition.version))
    for group in GROUPS:
        click.echo(f"\n{group.title}")
        for rule in group.rules:
            click.echo(f"  {rule.label}: {said(rule, edition.version.numbers)}  [{rule.name}]")
    if edition.after:
        click.echo("\n" + _headline(edition.after))
        _echo_differences(edition.version, edition.after)


def _headline(version):
    return f"Version {version.number}, in force from {version.in_force_from.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _echo_differences(before, after):
    for sentence in differences(before.numbers, after.numbers):
        click.echo(f"  {sentence}")
