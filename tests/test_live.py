"""What is pushed to open pages."""

import json

import pytest
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from lms import live
from lms.db import db, transaction
from lms.domain.withdrawals import actions as withdrawals
from lms.queue import queue
from tests.blueprints.test_wallet import give_address, reward, settle
from tests.conftest import address_of, give, teo


@pytest.fixture
def heard(app):
    """heard(ana) listens to her channel and gives what came: {fragment: HTML}."""
    subscription = queue.redis.pubsub(ignore_subscribe_messages=True)

    def listen(user):
        subscription.subscribe(live.channel(user.id))
        subscription.get_message(timeout=60)
        return lambda: came(user)

    def came(user):
        queue.redis.publish(live.channel(user.id), "null")  # behind all that came
        return {news["name"]: news["html"] for news in iter(lambda: json.loads(subscription.get_message(timeout=60)["data"]), None)}

    yield listen
    subscription.close()


def test_a_push_carries_the_blocks_by_name(ana, heard):
    news = heard(ana)
    reward(ana, 3, days=-1)
    live.push(ana.id, "balance_chip", "balance", "activity", "address")
    came = news()
    assert list(came) == ["balance_chip", "balance", "activity", "address"]
    assert came["balance_chip"].startswith('<hx-partial hx-target="#balance-chip"')
    assert 'id="balance"' in came["balance"] and "3.00" in came["balance"]


def test_it_is_in_the_members_language(ana, heard):
    with transaction():
        ana.locale = "it"
    news = heard(ana)
    reward(ana, 3, days=-1)
    live.push(ana.id, "balance_chip")
    assert "3,00" in news()["balance_chip"]


def test_a_push_to_another_leaves_the_page_being_made_alone(app, ana, bruno):
    with transaction():
        bruno.locale = "it"
    with app.test_request_context():
        from flask_babel import get_locale

        live.push(bruno.id, "balance_chip")
        assert str(get_locale()) == "en"


def test_an_operation_is_pushed_to_its_members_only(ana, bruno, heard, chain):
    reward(ana, 1.6)
    give_address(ana)
    name = f"operation:{settle('mined').id}"
    for member, expected in ((bruno, []), (ana, [name])):
        news = heard(member)
        live.push(member.id, name)
        assert list(news()) == expected


def test_what_was_decided_about_a_case_is_pushed_to_the_admins_who_have_it_open(ana, ada, member, heard):
    from lms import presence
    from lms.jobs import announce

    waiting, elsewhere = withdrawal_of(ana), member("otto", role="admin")
    presence.come(f"case:{waiting.id}", ada.id)
    for user, expected in ((elsewhere, []), (ana, []), (ada, [f"case:{waiting.id}"])):
        news = heard(user)
        announce.case(waiting.id)
        assert list(news()) == expected
    assert live.shown(ana.id, [f"case:{waiting.id}"]) == {}, "what admins alone read is not even her own member's"


def withdrawal_of(user):
    give(user, 300)
    with transaction():
        return withdrawals.request("w1", user, address_of(user, "ab").id, teo(300))


@pytest.mark.parametrize("name", ["operation", "operation:", "operation:x", "operation:-1", "operation:²", "operation:" + "9" * 30, "nonsense", ""])
def test_nonsense_is_shown_to_nobody(ana, name):
    assert live.shown(ana.id, [name]) == {}


def test_nobody_is_shown_nothing(app):
    assert live.shown(99, ["balance"]) == {}


@pytest.mark.parametrize("many", [0, 100])
def test_those_are_listening_whose_channel_somebody_hears(ana, bruno, tea, heard, monkeypatch, many):
    monkeypatch.setattr(live, "MANY", many)
    heard(ana)
    heard(tea)
    assert live.listening([bruno.id, ana.id]) == [ana.id]
    assert live.listening([]) == []


def test_nobody_is_listening_where_redis_is_down(ana, services):
    services[1].stop()
    try:
        assert live.listening([ana.id]) == []
    finally:
        services[1].start()


def test_redis_down_is_no_error(ana, services):
    services[1].stop()
    try:
        live.push(ana.id, "balance_chip")
    finally:
        services[1].start()


def test_a_database_without_a_connection_left_is_no_error(ana, monkeypatch):
    def wait_in_vain(_):
        raise NoConnectionLeft

    monkeypatch.setattr(live.accounts, "by_id", wait_in_vain)
    live.push(ana.id, "balance_chip")


def test_a_push_leaves_no_transaction_open(ana, heard):
    db.session.remove()
    live.push(1, "balance_chip", "balance", "activity")
    assert db.engine.pool.checkedout() == 0
