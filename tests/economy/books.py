"""What must be true after each step, reckoned by plain SQL and by numbers of this file's own: each function answers {what: (there, wanted)} of what is off.

Amounts: EUR in cents, TEO in millionths. Of the rules those are repeated here by which it is reckoned; they differ between the two versions of the world where it happens."""

from collections import Counter, defaultdict
from types import SimpleNamespace

from sqlalchemy import text

from lms.db import db
from lms.domain.desk import provenance
from lms.domain.ledger import queries as ledger
from lms.domain.ledger.actions import post
from lms.domain.ledger.models import Account
from lms.domain.withdrawals.models import Withdrawal

MICRO_PER_CENT = 10_000
LOWEST = 100  # cents that always stay to be paid
REWARDS = {1: {"purchase": 200, "lesson": 400, "completion": 400}, 2: {"purchase": 200, "lesson": 300, "completion": 400}}  # basis points of the cash
BONUS = {1: 25, 2: 20}  # percent, for who takes TEO
TIERS = {"Bronze": (0, 50), "Silver": (100, 55), "Gold": (300, 60), "Platinum": (600, 65), "Diamond": (1000, 75)}  # from so many TEO, the teacher's percent
CHECKS = []


def check(function):
    """One of those that hold after each step."""
    CHECKS.append(function)
    return function


def tier(staked):
    """The name of the tier of so many millionths of TEO."""
    return [name for name, (least, _) in TIERS.items() if staked >= least * 1_000_000][-1]


def faults():
    """All that is off, by what it is."""
    return {name: values for each in CHECKS for name, values in each().items()}


@check
def sales():
    """Teacher + platform + VAT are the cash of each order, its TEO are with whom they belong, and nothing of one that was taken back is anywhere."""
    found = defaultdict(dict)
    for order_id, *who, amount in db.session.execute(_OF_ORDERS):
        found[order_id][tuple(who)] = amount
    wanted = {order.id: _wanted(order) for order in db.session.execute(_ORDERS)}
    return {f"order {number}": (found[number], wants) for number, wants in wanted.items() if found[number] != wants}


@check
def terms():
    """What was frozen in each order is what the rules make of its course, its coupon and its VAT rate, halves of a cent up."""
    of_each = [(order, column, wanted) for order in db.session.execute(_ORDERS) for column, wanted in _terms(order).items()]
    return {f"{column} of order {order.id}": (getattr(order, column), wanted) for order, column, wanted in of_each if getattr(order, column) != wanted}


@check
def parts():
    """Each account that holds something for a while holds what the rows say it holds."""
    return {f"{who or 'platform'} {asset} {name}": (there, wanted) for who, asset, name, there, wanted in db.session.execute(_PARTS) if there != wanted}


@check
def rewards():
    """A course brings its member no more than the rulebook says of the cash he paid, each reward once whatever was bought again, and nothing once its money went back."""
    most, his = defaultdict(int), {}
    for user, course, kind, lesson, ever, now, cash, version, state in db.session.execute(_REWARDS):
        name = f"{kind} {lesson or ''} of course {course} to {user}"
        allowed = cash * MICRO_PER_CENT * REWARDS[version][kind] // 10_000
        most[f"{name} ever"], most[f"{name} now"] = max(most[f"{name} ever"], allowed), most[f"{name} now"] + (allowed if state == "paid" else 0)
        his[f"{name} ever"], his[f"{name} now"] = ever, now
    return {name: (amount, most[name]) for name, amount in his.items() if amount > most[name]}


@check
def reviews():
    """What reviews bring to anybody out of a purchase is within a tenth of its cash less what buying brought and learning may, and back with its money."""
    most, is_paid, brought = defaultdict(int), defaultdict(bool), {}
    for payer, course, ever, now, bought, cash, version, state in db.session.execute(_REVIEWS):
        learning = cash * MICRO_PER_CENT * (REWARDS[version]["lesson"] + REWARDS[version]["completion"]) // 10_000
        name = f"reviews in course {course} of {payer}"
        most[name], is_paid[name] = max(most[name], cash * MICRO_PER_CENT // 10 - bought - learning), is_paid[name] or state == "paid"
        brought[name] = (ever, now)
    return {name: (ever, now, most[name]) for name, (ever, now) in brought.items() if ever > most[name] or (now and not is_paid[name])}


@check
def caps():
    """No member is granted more of rewards in a day than he may be."""
    return {f"rewards of {user} on {day}": (amount, most) for user, day, amount, most in db.session.execute(_CAPS) if amount > most}


@check
def losses():
    """What disputes cost, won or lost, and what was sent back by hand for good will, is the platform's and nobody else's."""
    return {reason: (there, wanted) for reason, there, wanted in db.session.execute(_LOSSES) if there != wanted}


@check
def coupons():
    """No coupon is used more often than it may be."""
    return {f"coupon {code}": (uses, most) for code, uses, most in db.session.execute(_COUPONS) if most is not None and uses > most}


def origins():
    """Each withdrawal is of credits of its member's, in full, and of no credit more went or may go than it brought; so it is of one of all that he has.

    It moves TEO, and is to be rolled back."""
    off, gone = {}, Counter()
    for withdrawal in [*db.session.query(Withdrawal), *map(_of_all, db.session.query(Account).filter_by(asset="TEO", name="available"))]:
        pieces = provenance.pieces(withdrawal)
        off[f"withdrawal {withdrawal.id}"] = (sum(amount for _, amount in pieces), withdrawal.amount)
        if not withdrawal.is_undone:
            gone.update({(withdrawal.user_id, credit): amount for credit, amount in pieces})
    brought = {(user, credit): amount for user, credit, amount in db.session.execute(_CREDITS)}
    too_much = {f"credit {key[1]}": (amount, brought.get(key)) for key, amount in gone.items() if amount > brought.get(key, 0)}
    return {name: values for name, values in off.items() if values[0] != values[1]} | too_much


def _of_all(available):
    """A withdrawal of all that is available, as far as the ledger knows of it."""
    asked = SimpleNamespace(id=-available.user_id, user_id=available.user_id, amount=available.balance, is_undone=False)
    if asked.amount:
        reserved = ledger.member(asked.user_id, "TEO", "reserved")
        post(f"withdrawal:{asked.id}:requested", available, reserved, asked.amount, "withdrawal requested", evidence={"withdrawal": asked.id})
    return asked


def _terms(order):
    """{column: cents} of one order, reckoned anew from the course's price, by nothing that was reckoned when it was placed."""
    off = order.coupon_amount if order.coupon_amount is not None else _part(order.course_price, order.coupon_percent or 0)
    off = min(off, order.course_price - LOWEST)
    price = order.course_price - off
    discount = _part(price, order.level_bp)
    share = _part(price, TIERS[order.tier][1] * 100)
    return dict(list_price=order.course_price, coupon_off=off, price=price, discount=discount, share=share, vat=_part(price - discount, order.vat_bp))


def _part(amount, basis_points):
    return (amount * basis_points + 5000) // 10_000


def _wanted(order):
    """{(asset, who): millionths or cents} of one order, by its own frozen numbers."""
    tokens, cash = order.discount * MICRO_PER_CENT, order.price - order.discount
    lost = order.disputed - (cash + order.vat - order.by_hand if order.state == "charged back" else 0)
    wanted = Counter({("EUR", "cards"): lost, ("EUR", "platform"): -lost})
    if order.state == "paid":
        wanted.update({("EUR", "cards"): -cash - order.vat, ("EUR", "vat"): order.vat, ("TEO", "buyer"): -tokens})
        wanted.update(_split(order, cash, tokens) if order.decided_at else {("EUR", "escrow"): cash, ("TEO", "escrow"): tokens})
    return {key: amount for key, amount in wanted.items() if amount}


def _split(order, cash, tokens):
    if not order.is_accepted:
        return {("EUR", "teacher"): order.share, ("EUR", "platform"): cash - order.share, ("TEO", "treasury" if order.kept_at else "escrow"): tokens}
    bonus = tokens * BONUS[order.rule_version] // 100
    euros = {("EUR", "teacher"): order.share - order.discount, ("EUR", "platform"): cash - order.share + order.discount}
    return euros | {("TEO", "teacher"): tokens + bonus, ("TEO", "bonus"): -bonus}


# The treasury pays the bonus and keeps what was declined; what it and issuance gave for a bonus is one sum, and so is what both gave back of what it
# had kept: it may have paid others their bonus with that meanwhile.
_OF_ORDERS = text("""
    SELECT o.id, leg.asset,
           CASE WHEN a.user_id = o.teacher_id THEN 'teacher' WHEN a.user_id = o.buyer_id THEN 'buyer'
                WHEN a.name = 'issuance' AND split_part(leg.key, ':', 3) = 'kept' THEN 'treasury'
                WHEN a.name = 'issuance' OR (a.name = 'treasury' AND split_part(leg.key, ':', 3) LIKE 'bonus%') THEN 'bonus' ELSE a.name END AS who,
           sum(leg.amount)::bigint
    FROM (SELECT key, asset, target_id AS account_id, amount FROM transfers UNION ALL SELECT key, asset, source_id, -amount FROM transfers) leg
    JOIN accounts a ON a.id = leg.account_id JOIN orders o ON o.id = CAST(split_part(leg.key, ':', 2) AS int)
    WHERE leg.key LIKE 'order:%' GROUP BY 1, 2, 3 HAVING sum(leg.amount) <> 0""")

_ORDERS = text("""
    SELECT o.*, c.price AS course_price, k.percent_bp AS coupon_percent, k.amount AS coupon_amount, coalesce(sum(d.amount), 0)::bigint AS disputed,
           coalesce((SELECT sum(h.amount) FROM refunds_by_hand h JOIN payments p ON p.id = h.payment_id WHERE p.order_id = o.id AND p.why = '' AND h.state = 'settled'), 0)::bigint AS by_hand
    FROM orders o JOIN courses c ON c.id = o.course_id LEFT JOIN coupons k ON k.id = o.coupon_id
    LEFT JOIN payments p ON p.order_id = o.id AND p.why = '' LEFT JOIN disputes d ON d.payment_id = p.id AND d.state = 'lost' GROUP BY o.id, c.id, k.id""")

_PARTS = text("""
    SELECT u.name, a.asset, a.name, a.balance, coalesce(CASE a.asset || ' ' || a.name
        WHEN 'TEO reserved' THEN
            (SELECT sum(discount) * 10000 FROM orders WHERE buyer_id = u.id AND state = 'open')
        WHEN 'EUR escrow' THEN (SELECT sum(amount) FROM (
            SELECT price - discount AS amount FROM orders WHERE state = 'paid' AND decided_at IS NULL
            UNION ALL SELECT amount FROM payments WHERE state = 'held') held)
        WHEN 'TEO escrow' THEN
            (SELECT sum(discount) * 10000 FROM orders WHERE state = 'paid' AND NOT is_accepted AND kept_at IS NULL)
        WHEN 'EUR requested' THEN (SELECT sum(amount) FROM payouts WHERE user_id = u.id AND state IN ('in review', 'approved', 'exported'))
        WHEN 'EUR bank' THEN (SELECT sum(amount) FROM payouts WHERE state = 'paid')
        WHEN 'EUR vat' THEN (SELECT sum(vat) FROM orders WHERE state = 'paid')
        WHEN 'TEO staked' THEN (SELECT sum(left_over) FROM stakes WHERE user_id = u.id)
        WHEN 'TEO unbonding' THEN (SELECT sum(amount) FROM unstakings WHERE user_id = u.id AND released_at IS NULL)
        WHEN 'TEO releasing' THEN (SELECT sum(amount) FROM withdrawals WHERE state = 'queued')
        WHEN 'TEO outside' THEN (SELECT sum(amount) FROM withdrawals WHERE state = 'sent')
        ELSE (SELECT sum(l.amount) FROM lots l JOIN transfers t ON t.id = l.transfer_id WHERE l.user_id = u.id AND t.asset = a.asset AND l.matured_id IS NULL)
    END, 0)::bigint
    + CASE a.name WHEN 'reserved' THEN coalesce((SELECT sum(amount) FROM withdrawals WHERE user_id = u.id AND state IN ('checking', 'in review', 'approved')), 0)
                  WHEN 'outside' THEN -coalesce((SELECT sum(d.amount) FROM deposits d WHERE d.entry_id IS NOT NULL), 0) ELSE 0 END::bigint
    FROM accounts a LEFT JOIN users u ON u.id = a.user_id
    WHERE a.name IN ('reserved', 'escrow', 'vat', 'staked', 'unbonding', 'releasing', 'outside', 'maturing', 'requested', 'bank')""")

# `ever` was credited once, taken back since or not; `his` is his, or waits for another day. Beside them each order he paid.
_REWARDS = text("""
    SELECT u.name, g.course_id, g.kind, g.lesson, g.ever, g.his, o.price - o.discount, o.rule_version, o.state
    FROM (SELECT user_id, course_id, kind, evidence->>'lesson' AS lesson, sum(amount)::bigint AS ever,
                 coalesce(sum(amount) FILTER (WHERE taken_back_at IS NULL), 0)::bigint AS his
          FROM grants WHERE kind IN ('purchase', 'lesson', 'completion') GROUP BY GROUPING SETS ((1, 2, 3), (1, 2, 3, 4))) g
    JOIN users u ON u.id = g.user_id JOIN orders o ON o.buyer_id = u.id AND o.course_id = g.course_id AND o.paid_at IS NOT NULL""")

_REVIEWS = text("""
    SELECT u.name, g.course_id, g.ever, g.his, g.bought, o.price - o.discount, o.rule_version, o.state
    FROM (SELECT payer_id, course_id, coalesce(sum(amount) FILTER (WHERE kind IN ('peer review', 'exercise passed')), 0)::bigint AS ever,
                 coalesce(sum(amount) FILTER (WHERE kind IN ('peer review', 'exercise passed') AND taken_back_at IS NULL), 0)::bigint AS his,
                 coalesce(sum(amount) FILTER (WHERE kind = 'purchase'), 0)::bigint AS bought
          FROM grants GROUP BY 1, 2) g
    JOIN users u ON u.id = g.payer_id JOIN orders o ON o.buyer_id = u.id AND o.course_id = g.course_id AND o.paid_at IS NOT NULL""")

_CAPS = text("""
    SELECT user_id, day, sum(amount)::bigint, (SELECT max(CAST(rules->>'user_daily_cap' AS bigint)) FROM rulebook_versions)
    FROM grants WHERE transfer_id IS NOT NULL GROUP BY 1, 2""")

_LOSSES = text("""
    SELECT wanted.reason, coalesce((
        SELECT sum(CASE WHEN source.name = 'platform' AND target.name = 'cards' THEN t.amount WHEN source.name = 'cards' AND target.name = 'platform' THEN -t.amount END)
        FROM transfers t JOIN accounts source ON source.id = t.source_id JOIN accounts target ON target.id = t.target_id WHERE t.reason = wanted.reason), 0)::bigint, wanted.amount
    FROM (SELECT 'dispute fee' AS reason, coalesce(sum(d.fee), 0)::bigint AS amount FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE d.state <> 'open'
          UNION ALL SELECT 'refund by hand', coalesce(sum(amount), 0)::bigint FROM refunds_by_hand WHERE state = 'borne') wanted""")

_CREDITS = text("""
    SELECT a.user_id, t.id, t.amount FROM transfers t JOIN accounts a ON a.id = t.target_id JOIN accounts s ON s.id = t.source_id
    WHERE t.asset = 'TEO' AND a.user_id IS NOT NULL AND s.user_id IS DISTINCT FROM a.user_id""")

_COUPONS = text("""
    SELECT c.code, count(o.id), c.most_uses FROM coupons c LEFT JOIN orders o ON o.coupon_id = c.id AND o.state IN ('open', 'paid') GROUP BY c.id""")
