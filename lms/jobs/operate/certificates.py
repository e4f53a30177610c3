"""Certificates, as long as no page makes them."""

import click

from lms.db import transaction
from lms.domain.accounts import queries as members
from lms.domain.audit import log
from lms.domain.certificates import actions, queries
from lms.domain.courses import queries as courses
from lms.domain.learning import queries as learning
from lms.jobs.operate.command_groups import chain
from lms.queue import enqueue


@chain.command()
@click.argument("email")
@click.argument("slug")
def certify(email, slug):
    """Make the certificate of the member EMAIL for the course SLUG, once he has completed it; the next batch brings it to the chain."""
    member, course = members.by_email(email), courses.by_slug(slug)
    enrolment = learning.enrolment(member.id, course.id) if member and course else None
    if enrolment is None:
        raise click.ClickException("No member with this address takes part in a course of this name.")
    with transaction():
        certificate = actions.make(enrolment)
        log.record("certificate made", f"member {member.id}", certificate=certificate.id, title=course.title)
    enqueue("certificates.issue")
    click.echo(f"certificate {certificate.id}: {certificate.operation.state if certificate.operation else 'waits'}, {queries.waiting()} wait in all")
