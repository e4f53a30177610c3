"""What the world lets the application do besides its jobs. Each runs in a forked worker, inside the app, and may run twice."""

import random
import traceback
from concurrent import futures

import rq
from flask import current_app
from rq.utils import import_attribute

from lms import clock
from lms.chain import transactions
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import membership
from lms.domain.accounts import queries as members
from lms.domain.certificates import actions as certificates
from lms.domain.courses import actions as courses
from lms.domain.courses import queries as catalogue
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as progress
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as ledgers
from lms.domain.rulebook.actions import install
from lms.domain.withdrawals import releases
from lms.jobs import node, settlement
from lms.queue import enqueue, queue

_TOGETHER = 5
_LATE = 2  # seconds
_ADMIN = "admin"


def command(*words):
    """A command of `flask`, as a deploy runs it."""
    result = current_app.test_cli_runner().invoke(args=list(words))
    if result.exit_code:
        raise RuntimeError(f"flask {' '.join(words)}: {result.output} {result.exception}")


def open_house(names, slugs):
    """The platform's rows, an admin who owns nothing, the first members, and free courses of one lesson."""
    command("db", "upgrade")
    with transaction():
        ledger.open_platform()
        install()
        admin = _user(_ADMIN) or accounts.sign_up(_email(_ADMIN), "Admin", "correct horse battery")
        admin.role = "admin"
    for name in names:
        join(name)
    for slug in slugs:
        _publish(slug)


def join(name):
    """A member with accounts and no address yet."""
    with transaction():
        user = members.by_email(_email(name)) or accounts.sign_up(_email(name), name.title(), "correct horse battery")
        user.verified_at = clock.now()
        ledger.open_member(user)


def suspend(name):
    with transaction():
        membership.suspend(_user(name), _user(_ADMIN), "We look into it.")


def let_in(name):
    with transaction():
        membership.let_in(_user(name), _user(_ADMIN))


def post(moves):
    """Ledger transfers (key, source, target, amount), withdrawals, whose target is an address, and refunds, whose source is "ana:parts", as many to a
    transaction as a purchase has, then the hint to settle."""
    for start in range(0, len(moves), _TOGETHER):
        with transaction():
            for move in moves[start : start + _TOGETHER]:
                _post(*move)
    enqueue("settlement.settle")


def certify(achieved):
    """Members complete courses, (name, slug) each, and get their certificates; then the hint to issue them."""
    for name, slug in achieved:
        with transaction():
            certificates.make(_completed(members.by_email(_email(name)), catalogue.by_slug(slug)))
    enqueue("certificates.issue")


def post_late(early, later):
    """A transfer takes its id early and is committed after another worker has settled a later one, or waits for this one to do so.

    It waits where a release of the same member is due, which locks the holder."""
    with futures.ThreadPoolExecutor(1) as workers:
        with transaction():
            _post(*early)
            settled = workers.submit(_post_and_settle, current_app._get_current_object(), later)
            futures.wait([settled], timeout=_LATE)
        settled.result()


def _post_and_settle(app, move):
    with app.app_context():  # which has a session of its own
        post([move])
        settlement.settle()


def work(most, seed):
    """Do what is queued, and what that queues, until nothing is; what fails is left to the sweep, as with RQ.

    From either end: several workers would not keep the order, and the first lane would do all alone."""
    jobs, dice = rq.Queue(connection=queue.redis), random.Random(seed)
    for _ in range(most):
        job_id = dice.choice((queue.redis.lpop, queue.redis.rpop))(jobs.key)
        if job_id is None:
            return
        found = rq.job.Job.fetch(job_id.decode(), connection=queue.redis)
        try:
            with current_app.app_context():
                import_attribute(found.func_name)(*found.args)
        except Exception:  # noqa: BLE001 - as a worker would
            traceback.print_exc()


def send_from_the_same_key(lane, kept, target=None, data=""):
    """A second process with the key of one of our signers sends a transaction of its own, which moves nothing: hex `data` to `target`, or nothing to itself.

    It offers more than we ever do, so that it pushes aside what waits under the same nonce. The bytes are kept in a file, to be sent again."""
    pool, signer = node.pool(), node.signers()[lane]
    nonce, fees = pool.mined_nonce(signer.address), transactions.Fees(transactions.MOST_CAP, 2 * transactions.MOST_CAP)
    signed = transactions.sign(signer, pool.chain_id, target or signer.address, bytes.fromhex(data), nonce, fees, 100_000)
    with open(kept, "a") as file:
        print("0x" + signed.raw.hex(), file=file)
    transactions.broadcast(pool, signed.raw)


def _publish(slug):
    with transaction():
        teacher = members.by_email(_email("teacher")) or accounts.sign_up(_email("teacher"), "Teacher", "correct horse battery")
        ledger.open_member(teacher)
        teacher.role = "teacher"
        course = courses.create(teacher, slug, slug)
        courses.add_lesson(courses.add_section(course, "All of it"), "The only one")
        course.state, course.published_at = "published", clock.now()


def _completed(member, course):
    enrolment = progress.enrolment(member.id, course.id) or learning.enroll_free(member, course)
    for lesson in course.lessons:
        learning.complete_lesson(enrolment, lesson)
    return enrolment


def _post(key, source, target, amount):
    owner, _, part = source.partition(":")
    if target.startswith("0x"):
        releases.release(key, _user(owner), target, amount)
        return
    if part == "parts":
        debts.take_back(key, [_account(f"{owner}:{name}") for name in ("maturing", "available")], _account(target), amount, "refund", evidence={"by": "test"})
        return
    ledger.post(key, _account(source), _account(target), amount, "lesson", evidence={"by": "test"})


def _account(place):
    """Of "treasury" the platform's account, of "ana:available" a member's."""
    owner, _, name = place.rpartition(":")
    if not owner:
        return ledgers.platform("TEO", name)
    return ledgers.member(_user(owner).id, "TEO", name)


def _user(name):
    return members.by_email(_email(name))


def _email(name):
    return f"{name}@example.org"
