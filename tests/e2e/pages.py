"""Every page there is, by role and name, on a site that was used a little, so that each has something to show."""

import re
import secrets
from functools import cache
from html import unescape
from urllib.parse import urlsplit

from eth_account import Account
from eth_account.messages import encode_defunct

from tests.e2e.visitor import PASSWORD as MEMBERS_PASSWORD
from tests.e2e.visitor import Visitor

PASSWORD = "learn-and-earn"  # of the seeded members
COURSE, OTHER, FINISHED = "renaissance-in-florence", "statistics-you-can-argue-with", "il-rinascimento-a-firenze"
DECLINED = "4000000000000002"
DISPUTED = "4000000000005423"  # its bank asks the money back, and leaves it


@cache
def pages(url):
    """{role: (Visitor, {name: path})}, with all the paths of the role's pages filled in; a site is used for it once."""
    student, teacher, admin = (_member(url, role) for role in ("student", "teacher", "admin"))
    newcomer, unverified = Visitor(url), Visitor(url)
    address, unproven = newcomer.sign_up().email, unverified.apply()
    _be_told(newcomer)
    unverified.log_in(unproven)
    _learn(student)
    reviewer = _reviewer(url, student, teacher)
    badge = _earn_badge(student, teacher, admin)
    answer_quiz(student, "hand_in", 1, (0, 3), 0, 1)
    answer_quiz(reviewer, "save", 1, (0, 2))
    newcomer.send("/teach/apply/", subject="Statistics for nurses", experience="Ten years on a ward, then a degree in biostatistics.", link="https://example.org/column")
    return {
        "visitor": (Visitor(url), _open_pages(url, address, unproven) | {"badge": badge}),
        "unverified": (unverified, {"home": "/"}),
        "newcomer": (
            newcomer,
            {"home": "/", "my-courses": "/learn", "orders": "/orders", "wallet": "/wallet", "notices": "/notices", "proof": "/wallet/proof", "new-email": _new_email(newcomer), "application": "/teach/apply/", "application-change": "/teach/apply/change"},
        ),
        "reviewer": (reviewer, {"my-courses": "/learn", "reviews": "/reviews", "review": first_link(reviewer, "/reviews", r"/reviews/\d+"), "exercise-passed": _exercise(reviewer, COURSE), "quiz-under-way": quiz_of(reviewer), "lesson-quiz-under-way": reviewer.lessons(COURSE)[2]}),
        "student": (student, _students_pages(student)),
        "teacher": (teacher, _teachers_pages(teacher)),
        "admin": (admin, _admins_pages(admin)),
    }


def _member(url, role):
    return Visitor(url).log_in(f"{role}@example.org", PASSWORD)


def _be_told(member):
    """A new password is what a member hears of at once."""
    same = {"password-current": MEMBERS_PASSWORD, "password-password": MEMBERS_PASSWORD}
    member.send("/account", to="/account/password", **same)


def _new_email(member):
    """The link in the letter to the address the member wants from now on."""
    wanted = f"moved-{member.email}"
    member.send("/account", to="/account/email", **{"email-email": wanted, "email-password": MEMBERS_PASSWORD})
    return member.link_for(wanted, "email")


def _learn(student):
    """One course begun, one finished."""
    student.buy(COURSE)
    student.buy(FINISHED)
    student.study(COURSE, 2)
    student.study(FINISHED)


def _reviewer(url, student, teacher):
    """One of two who passed an exercise, and then, as the teacher, are asked about the student's work; what he hands in on another waits for the teacher."""
    passed = [Visitor(url).sign_up(name) for name in ("Rita Reviewer", "Remo Reviewer")]
    for member in passed:
        member.buy(COURSE)
        _hand_in(member, COURSE)
        teacher.send(first_link(teacher, "/teach/exercises", r"/teach/exercises/\d+"), score="8", comment="Clear figures, and a clause for each of them.")
    _hand_in(student, COURSE)
    _hand_in(student, FINISHED)
    return passed[0]


def _hand_in(member, slug):
    member.send(_exercise(member, slug), text="1. Ultramarine at **four florins the ounce**, for the mantle.\n2. Ninety florins in twelve months; ten are left on the day.\n3. The client: he pays last.")


def _exercise(member, slug):
    return f"{member.lessons(slug)[0]}/exercise"


def quiz_of(member, slug=COURSE, lesson=2):
    """The address of the quiz of a lesson."""
    return f"{member.lessons(slug)[lesson]}/quiz"


def answer_quiz(member, button, *places):
    """Begin the seeded quiz, choose the options at these places (several of one question as a tuple), and press `save` or `hand_in`."""
    quiz = quiz_of(member)
    offered = {}
    for name, option in re.findall(r'name="(question-\d+)" value="(\d+)"', member.send(quiz).text):
        offered.setdefault(name, []).append(option)
    chosen = {name: [options[place] for place in (wanted if isinstance(wanted, tuple) else (wanted,))] for (name, options), wanted in zip(offered.items(), places, strict=False)}
    member.send(quiz, to=f"{quiz}/answers", **chosen, **{button: "1"})


def _write_quiz(teacher, lesson):
    """A quiz of one question for the lesson, whose editor's address this is."""
    answers = {"options-0-text": "The keystone", "options-0-is_right": "y", "options-0-explanation": "Until it is *in*, the scaffold carries all.", "options-1-text": "The first stone"}
    teacher.send(f"{lesson}/quiz/questions", text="Which stone lets the arch **carry itself**?", **answers)


def _earn_badge(student, teacher, admin):
    """A free course completed, whose lesson has a quiz since; answers the address of its badge."""
    slug = publish_course(teacher, admin, f"Bread for all {secrets.token_hex(2)}", "0")
    student.send(f"/courses/{slug}", to=f"/learn/{slug}")
    lesson = student.lessons(slug)[0]
    student.send(lesson, to=f"{lesson}/complete")
    _write_quiz(teacher, f"/teach/courses/{slug}/lessons/{lesson.rpartition('/')[2]}")
    return first_link(student, f"/learn/{slug}", r"/badges/[\w-]+")


def _be_declined(student):
    order = student.order(OTHER)
    student.send(student.payment_page(OTHER), card=DECLINED)
    student.until(lambda: "has not gone through" in student.get(f"/orders/{order}").text, "no card was declined")
    return order


def _open_pages(url, address, unproven):
    visitor = Visitor(url)
    visitor.send("/password/forgotten", email=address)
    return {
        "home": "/",
        "catalogue": "/courses",
        "catalogue-searched": "/courses?q=florence",
        "catalogue-empty": "/courses?q=zzzz",
        "course": "/courses/how-blockchains-really-work",
        "lesson-preview": first_link(visitor, "/courses/how-blockchains-really-work", r"/learn/how-blockchains-really-work/[\w-]+"),
        "sign-up": "/sign-up",
        "mailbox": "/mailbox",
        "verify": visitor.link_for(unproven, "verify"),
        "log-in": "/log-in",
        "forgotten": "/password/forgotten",
        "reset": visitor.link_for(address, "password(?!/forgotten)"),
        "terms": "/terms",
        "privacy": "/privacy",
        "rulebook": "/rulebook",
        "rulebook-version": "/rulebook/1",
        "outbox": "/outbox",
        "not-found": "/nothing-here",
    }


def _students_pages(student):
    declined, waiting = _be_declined(student), student.order(OTHER)
    payment = student.payment_page(OTHER).removeprefix(student.url)
    lessons = student.lessons(COURSE)
    free = first_link(student, "/learn", r"/learn/bread-for-all-[\w-]+").removeprefix("/learn/")
    return {
        "home": "/",
        "my-courses": "/learn",
        "course-enrolled": f"/courses/{COURSE}",
        "course-finished": f"/learn/{FINISHED}",
        "course-free-finished": f"/learn/{free}",
        "badges": "/badges",
        "badge": first_link(student, "/badges", r"/badges/[\w-]+"),
        "lesson-completed": lessons[0],
        "lesson-next": lessons[2],
        "lesson-quiz-optional": student.lessons(free)[0],
        "quiz-to-begin": quiz_of(student, free, 0),
        "quiz-not-passed": quiz_of(student),
        "lesson-locked": student.lessons(OTHER)[-1],
        "exercise": _exercise(student, FINISHED),
        "exercise-in-review": _exercise(student, COURSE),
        "checkout": f"/courses/{OTHER}/checkout",
        "payment": payment,
        "challenge": f"{payment}/challenge",
        "order-waits": f"/orders/{waiting}",
        "order-cancel": f"/orders/{waiting}/cancel",
        "order-declined": f"/orders/{declined}",
        "order-paid": f"/orders/{student.order_of(COURSE)}",
        "orders": "/orders",
        "wallet": "/wallet",
        "deposit": "/wallet/deposit",
        "withdrawals": "/wallet/withdrawals",
        "withdraw": "/wallet/withdrawals/new",
        "wallet-older": first_link(student, "/wallet", r"/wallet\?before=\d+"),
        "proof": "/wallet/proof",
        "movement": first_link(student, "/wallet", r"/wallet/movements/\d+"),
        "operation": student.operation(),
        "refund": f"/orders/{student.order_of(COURSE)}/refund",
        "statements": "/wallet/statements",
        "statement": first_link(student, "/wallet/statements", r"/wallet/statements/days\?[^\"]+").replace("&amp;", "&"),
        **_addresses(student),
        "freeze": "/wallet/freeze",
        "account": "/account",
        "apply": "/teach/apply/",
        "notices": "/notices",
        "mail-preferences": "/account/notices",
    }


def _addresses(student):
    """One address linked, one that waits for its signature."""
    waiting = Account.create()
    link_address(student, Account.create())
    return {
        "addresses": "/wallet/addresses",
        "address": first_link(student, "/wallet/addresses", r"/wallet/addresses/\d+"),
        "message-to-sign": urlsplit(student.send("/wallet/addresses", address=waiting.address).url).path,
    }


def link_address(member, key):
    """The address of this key is the member's from now on."""
    message = member.send("/wallet/addresses", address=key.address)
    text = unescape(re.search(r"data-message>(.*?)</code>", message.text, re.DOTALL)[1])
    member.send(urlsplit(message.url).path, signature="0x" + key.sign_message(encode_defunct(text=text)).signature.hex().removeprefix("0x"))


def _teachers_pages(teacher):
    course = write_course(teacher, f"How bridges stand {secrets.token_hex(2)}")
    editors = {
        "section": first_link(teacher, course, rf"{course}/sections/\d+"),
        "lesson": first_link(teacher, course, rf"{course}/lessons/[\w-]+"),
        "lesson-new": first_link(teacher, course, rf"{course}/sections/\d+/lessons"),
    }
    _write_quiz(teacher, editors["lesson"])
    teacher.send(course, to=f"{course}/submission")
    quiz = f"/teach/courses/{COURSE}/lessons/measured-depth/quiz"
    return editors | {
        "quiz": quiz,
        "quiz-empty": quiz.replace("measured-depth", "the-workshop"),
        "quiz-submitted": f"{editors['lesson']}/quiz",
        "quiz-question": first_link(teacher, quiz, rf"{quiz}/questions/\d+"),
        "quiz-question-new": f"{quiz}/questions",
        "courses": "/teach/",
        "new": "/teach/new",
        "course": f"/teach/courses/{COURSE}",
        "course-submitted": course,
        "details": f"{course}/details",
        "sales": "/teach/sales",
        "decisions": "/teach/decisions",
        "policy": "/teach/policy",
        "review": first_link(teacher, "/reviews", r"/reviews/\d+"),
        "exercises": "/teach/exercises",
        "grade": first_link(teacher, "/teach/exercises", r"/teach/exercises/\d+"),
        "coupons": _made_coupon(teacher),
        "staking": "/teach/staking/",
        "withdraw": "/wallet/withdrawals/new",
        "money": "/teach/money/",
        "payouts": "/teach/payouts",
        "payout-details": "/teach/payout-details",
        "statement": urlsplit(teacher.get("/teach/statements/").url).path,
        "wallet": "/wallet",
        "mail-preferences": "/account/notices",
    }


def _made_coupon(teacher):
    place = "/teach/coupons/"
    teacher.send(place, code=f"SPRING-{secrets.token_hex(2)}", course="0", kind="percent", worth="25", most_uses="100")
    return place


def write_course(teacher, title, price="35.00", discount_bp="1000"):
    """Write the smallest course; answers the address of its outline."""
    slug = re.search(r"/teach/courses/([\w-]+)", teacher.send("/teach/new", title=title).url)[1]
    course = f"/teach/courses/{slug}"
    teacher.send(
        *[f"{course}/details"],
        title=title, summary="Why a stone arch needs no mortar.", description="Arches, beams and cables.", subject="Building",
        language="en", price=price, reward_bp="1.00", discount_bp=discount_bp,
    )
    teacher.send(course, to=f"{course}/sections", title="Arches")
    section = first_link(teacher, course, rf"{course}/sections/\d+/lessons")
    teacher.send(section, title="The keystone", body="# The keystone\n\nIt goes in **last**, and carries all.", minutes="12", is_preview="y")
    return course


def publish_course(teacher, admin, title, price, discount_bp="1000"):
    """The smallest course, looked at and published; answers its slug."""
    outline = write_course(teacher, title, price, discount_bp)
    slug = outline.rpartition("/")[2]
    teacher.send(outline, to=f"{outline}/submission")
    admin.send(f"/admin/courses/{slug}", to=f"/admin/courses/{slug}/approval")
    return slug


def _admins_pages(admin):
    return {
        "home": "/admin/",
        "courses": "/admin/courses",
        "exercises": "/teach/exercises",
        "review": first_link(admin, "/admin/courses", r"/admin/courses/[\w-]+"),
        "members": "/admin/members",
        "enrolments": "/admin/enrolments",
        "applications": "/admin/applications/",
        "application": first_link(admin, "/admin/applications/", r"/admin/applications/\d+"),
        "bank-payouts": "/admin/bank-payouts/",
        "bank-files": "/admin/bank-files/",
        "members-searched": "/admin/members?q=student@",
        "member": first_link(admin, "/admin/members?q=student@", r"/admin/members/\d+"),
        "payouts": "/admin/payouts",
        "payouts-decided": "/admin/payouts/decided",
        "payouts-batch": "/admin/payouts/batch",
        "chain": "/admin/chain",
        "operations": "/admin/operations",
        "operation": first_link(admin, "/admin/operations", r"/operations/\d+"),
        "orders": "/admin/orders",
        "orders-searched": "/admin/orders?q=student@&state=paid",
        "order": first_link(admin, "/admin/orders?q=student@", r"/admin/orders/\d+"),
        "refunds": "/admin/refunds",
        "disputes": "/admin/disputes",
        "incidents": "/admin/incidents",
        "failed-jobs": "/admin/failures/jobs",
        "failed-mails": "/admin/failures/mails",
        "log": "/admin/log",
        **_drafts_pages(admin),
    }


def _drafts_pages(admin):
    """Of a draft that was tried."""
    draft = re.search(r"/admin/rulebook/\d+", admin.send("/admin/rulebook", to="/admin/rulebook").url)[0]
    admin.send(draft, to=f"{draft}/backtests")
    admin.until(lambda: "Read the result" in admin.get(draft).text, "no draft was tried")
    return {"rulebook": "/admin/rulebook", "draft": draft, "draft-numbers": f"{draft}/numbers", "backtest": first_link(admin, draft, rf"{draft}/backtests/\d+")}


def first_link(visitor, path, pattern):
    found = re.search(rf'href="({pattern})"', visitor.get(path).text)
    assert found, f"{path} links to no {pattern}"
    return found[1]
