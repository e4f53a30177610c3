"""`flask demo`: the clock and the development chain move together."""

import re
from datetime import timedelta

import click
from flask import current_app

from lms import clock
from lms.chain import anvil
from lms.jobs import chain
from lms.jobs import node as here
from lms.jobs.operate.command_groups import demo
from lms.queue import enqueue


@demo.command()
@click.argument("span")
def advance(span):
    """Move the clock and anvil on by SPAN, such as 15d, 6h or 30m: what matures becomes available."""
    if current_app.config["ENVIRONMENT"] == "production" or not current_app.config["CLOCK_FILE"]:
        raise click.ClickException("Only the demo's clock can be moved.")
    delta = _span(span)
    pool = here.pool()
    anvil.advance(pool, int(delta.total_seconds()))  # first: it may not answer, and the clock goes nowhere alone
    clock.advance(delta)
    chain.see(pool)  # or what is signed before the next look ends by the time of the old head
    enqueue("rewards.mature")
    click.echo(f"It is {clock.now():%Y-%m-%d %H:%M} UTC now.")


def _span(text):
    match = re.fullmatch(r"(\d{1,4})([dhm])", text)
    if not match:
        raise click.ClickException("Say a number with d, h or m, such as 15d.")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
    return timedelta(**{unit: int(match[1])})
