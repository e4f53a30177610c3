"""`flask rulebook`: the rules in words, and a next version announced."""

import tomllib
from datetime import UTC

import click

from lms.db import transaction
from lms.domain.rulebook import actions, changes
from lms.domain.rulebook import queries as versions
from lms.jobs.operate.groups import rulebook
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


@rulebook.command()
@click.argument("file", type=click.File("rb"))
@click.option("--from", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day from which it holds, 00:00 UTC; at least 14 days away.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and announce nothing.")
def announce(file, day, dry_run):
    """Announce the next version of the rules: FILE is TOML with the numbers that change, named as `flask rulebook show` names them.

    EUR in cents, TEO in millionths, percentages in hundredths of a percent: completion_bp = 300. Refused when a circle of accounts could make TEO too
    cheaply under it, or a side of a sale would lose."""
    with transaction() as session:
        before = versions.newest()
        version = actions.announce(changes.amended(before.numbers, _numbers(file)), day.replace(tzinfo=UTC))
        click.echo(_headline(version))
        _echo_differences(before, version)
        if dry_run:
            session.rollback()
            click.echo("nothing is announced")


def _numbers(file):
    try:
        return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"The file is no TOML: {error}") from None


def _headline(version):
    return f"Version {version.number}, in force from {version.in_force_from.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _echo_differences(before, after):
    for sentence in differences(before.numbers, after.numbers):
        click.echo(f"  {sentence}")
