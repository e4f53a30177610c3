"""The way from student to teacher, page by page, with documents that only those concerned can open."""

import io
import re
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from lms.db import db, transaction
from lms.domain.applications import actions, queries
from lms.domain.applications.models import Application
from lms.domain.files.models import File
from lms.gateways import files as gateway
from lms.gateways.scanner import NoScanner
from tests.clamd import MALICIOUS, clamd
from tests.papers import JPEG, PDF, png

WORDS = dict(subject="Knots", experience="Twenty years at sea.", link="https://example.org/knots")


@pytest.fixture
def kept(app):
    """The directory of the uploads, empty at first."""
    directory = Path(urlsplit(app.config["FILES_URL"]).path)
    for path in directory.iterdir() if directory.is_dir() else ():
        path.unlink()
    return lambda: sorted(path.read_bytes() for path in directory.iterdir()) if directory.is_dir() else []


@pytest.fixture
def browser(log_in, ana, kept):
    return log_in(ana)


@pytest.fixture
def applied(browser):
    send(browser, (PDF, "degree.pdf"))
    return db.session.query(Application).one()


def send(browser, *documents, to="/teach/apply/", **words):
    data = WORDS | words | {"documents": [(io.BytesIO(data), name) for data, name in documents]}
    return browser.post(to, data=data, content_type="multipart/form-data")


def decide(admin, application, what="approval", **fields):
    return admin.post(f"/admin/applications/{application.id}/{what}", data={"edition": application.edition} | fields)


# The applicant


def test_a_student_is_led_to_it(browser):
    assert 'href="/teach/apply/"' in browser.get("/courses").text
    refused = browser.get("/teach/")
    assert refused.status_code == 403 and "Only teachers work here" in refused.text
    assert 'href="/teach/apply/"' in refused.text.split('id="error"')[1]


def test_an_admin_is_led_nowhere_by_it(log_in, ada):
    refused = log_in(ada).get("/teach/")
    assert refused.status_code == 403 and "/teach/apply/" not in refused.text


def test_what_teaching_brings_is_said_before_the_form(browser):
    page = browser.get("/teach/apply/").text
    for said in ("At first 50 % of each price is yours, up to 75 %", "25 % more", "for 14 days after a sale", "for 30 days in your first 90", "from 10.00 €", "Diamond", "1\u202f000", "75.00 €"):
        assert said in page
    assert 'enctype="multipart/form-data"' in page


def test_an_application_is_sent_with_its_documents(browser, kept):
    answer = send(browser, (PDF, "degree.pdf"), (png(), "ship.png"))
    assert answer.status_code == 303
    page = browser.get("/teach/apply/").text
    for said in ("Knots", "Twenty years at sea.", "degree.pdf", "ship.png", "In review", "https://example.org/knots"):
        assert said in page
    assert kept() == sorted([PDF, png()])
    assert {file.place for file in db.session.query(File)}.isdisjoint({"degree.pdf", "ship.png"})


def test_one_without_documents_is_fine(browser, kept):
    assert send(browser, (b"", "")).status_code == 303
    assert kept() == []


@pytest.mark.parametrize(
    ("words", "documents", "why"),
    [
        (dict(subject=" "), [], "Say what you will teach."),
        (dict(experience=""), [], "Say where you know it from."),
        (dict(subject="x" * 121), [], "This takes 1 to 120 characters."),
        (dict(link="ftp://example.org"), [], "A link begins with https://"),
        ({}, [(b"MZ", "cv.pdf")], "cv.pdf is not a whole PDF, PNG or JPEG file."),
        ({}, [(png(), "cv.pdf")], "cv.pdf holds a PNG."),
        ({}, [(b"", "cv.pdf")], "cv.pdf is empty."),
        ({}, [(PDF, "../cv.pdf")], "must not hold a path"),
        ({}, [(PDF + b" " * 5 * 1024 * 1024, "cv.pdf")], "cv.pdf is too large. The most is 5 MB."),
        ({}, [(PDF, f"{number}.pdf") for number in range(4)], "An application has at most 3 documents."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(browser, kept, words, documents, why):
    answer = send(browser, *documents, **{"experience": "Words not to lose."} | words)
    assert answer.status_code == 422 and why in answer.text
    assert "Words not to lose." in answer.text or words.get("experience") == ""
    assert db.session.query(Application).count() == 0 and kept() == []


def test_three_documents_of_five_megabytes_are_taken_and_twenty_are_too_much(browser, kept):
    large = JPEG[:-2] + b"\1" * (5 * 1024 * 1024 - len(JPEG)) + JPEG[-2:]
    assert send(browser, *[(large, f"{number}.jpg") for number in range(3)]).status_code == 303
    assert len(kept()) == 3
    refused = send(browser, (b"x" * 20_000_000, "x.pdf"), to="/teach/apply/change")
    assert refused.status_code == 413 and "The most is 16 MB." in refused.text


def test_elsewhere_a_megabyte_stays_the_most(browser, client):
    assert browser.post("/account/profile", data={"profile-name": "x" * 2_000_000}).status_code == 413
    client.get("/log-out")
    with client.session_transaction() as session:
        session.clear()
    assert send(client, (PDF + b" " * 2_000_000, "x.pdf")).status_code in (302, 413)


def test_who_has_applied_is_shown_what_he_sent(browser, applied, kept):
    assert send(browser, (JPEG, "second.jpg")).location == "/teach/apply/"
    page = browser.get("/teach/apply/").text
    assert "applied already" in page and "degree.pdf" in page and kept() == [PDF]


def test_what_is_not_kept_in_the_end_leaves_nothing_in_the_store(log_in, member, kept):
    answer = send(log_in(member("ugo", verified=False)), (PDF, "degree.pdf"))
    assert answer.status_code == 409 and "Confirm your address" in answer.text
    assert kept() == [] and db.session.query(File).count() == 0


def test_what_may_be_kept_is_left_in_the_store(browser, monkeypatch, kept):
    """The connection is lost when all is committed, and the answer with it: the sweep finds out whether a row names it."""
    commit = psycopg.Connection.commit

    def cut(connection):
        commit(connection)
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", cut)
        assert send(browser, (PDF, "degree.pdf")).status_code == 503
    assert db.session.query(File).count() == 1 and kept() == [PDF]


def test_what_is_known_to_be_malicious_is_not_kept(browser, app, monkeypatch, tmp_path, kept):
    with clamd(tmp_path / "clamd") as daemon:
        monkeypatch.setitem(app.config, "SCANNER_URL", daemon["url"])
        refused = send(browser, (PDF, "degree.pdf"), (PDF[:-6] + MALICIOUS + PDF[-6:], "worse.pdf"))
        assert refused.status_code == 422 and "worse.pdf is known to be malicious. Nothing was kept." in refused.text
        assert kept() == [] and db.session.query(Application).count() == 0
        assert send(browser, (PDF, "degree.pdf")).status_code == 303 and kept() == [PDF]


def test_no_connection_is_held_while_it_is_looked_at(browser, monkeypatch):
    held = []
    monkeypatch.setattr(NoScanner, "finds", lambda *_: held.append(db.engine.pool.checkedout()) or "")
    assert send(browser, (PDF, "degree.pdf")).status_code == 303
    assert held == [0]


def test_where_nobody_can_look_at_it_nothing_is_kept(browser, app, monkeypatch, kept):
    monkeypatch.setitem(app.config, "SCANNER_URL", "unix:///nowhere/clamd.ctl")
    refused = send(browser, (PDF, "degree.pdf"))
    assert refused.status_code == 503 and "Files cannot be looked at at the moment." in refused.text
    assert kept() == [] and db.session.query(Application).count() == 0


def test_a_store_that_is_full_says_so(browser, monkeypatch, kept):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gateway.Directory, "put", full)
    answer = send(browser, (PDF, "degree.pdf"))
    assert answer.status_code == 503 and "Files cannot be kept at the moment" in answer.text
    assert db.session.query(Application).count() == 0


def test_it_can_be_changed_while_it_waits(browser, applied, kept):
    file_id = applied.documents[0].file_id
    page = browser.get("/teach/apply/change").text
    assert "Take off degree.pdf" in page and "Twenty years at sea." in page
    assert send(browser, (JPEG, "ship.jpg"), to="/teach/apply/change", subject="Splices", **{"removed[]": [file_id]}).status_code == 303
    page = browser.get("/teach/apply/").text
    assert "Splices" in page and "ship.jpg" in page and "degree.pdf" not in page
    assert kept() == [JPEG]


def test_one_taken_back_makes_room_for_another(browser, applied, kept):
    assert browser.post("/teach/apply/withdrawal").status_code == 303
    assert kept() == []
    assert "Become a teacher" in browser.get("/teach/apply/").text
    assert browser.get("/teach/apply/change").status_code == 404
    assert send(browser).status_code == 303


def test_a_disk_that_takes_nothing_away_undoes_nothing(browser, applied, monkeypatch, kept):
    """What was committed is answered as done, and a refusal stays what it is; the bytes are the sweep's."""

    def refuse(*_):
        raise OSError("Read-only file system")

    monkeypatch.setattr(gateway.Directory, "remove", refuse)
    assert browser.post("/teach/apply/withdrawal").status_code == 303
    assert db.session.query(File).count() == 0 and kept() == [PDF]
    monkeypatch.setattr(gateway.Directory, "put", refuse)
    assert send(browser, (PDF, "degree.pdf")).status_code == 503


def test_who_has_not_confirmed_his_address_is_told_to(log_in, member):
    browser = log_in(member("ugo", verified=False))
    page = browser.get("/teach/apply/")
    assert page.status_code == 200 and "Confirm your address first" in page.text and 'name="subject"' not in page.text
    assert send(browser).status_code == 409


def test_teachers_are_there_already_and_admins_do_not_apply(log_in, tea, ada):
    assert log_in(tea).get("/teach/apply/").location == "/teach/"
    assert log_in(ada).get("/teach/apply/").status_code == 403


def test_a_visitor_is_asked_to_log_in(client):
    assert "/log-in" in client.get("/teach/apply/").location


# The documents


def test_a_document_is_saved_and_never_opened(browser, applied):
    answer = browser.get(f"/teach/apply/documents/{applied.documents[0].file_id}")
    assert (answer.data, answer.mimetype) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=degree.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_name_of_any_letters_breaks_no_header(browser, kept):
    send(browser, (PDF, "Łódź; x=y.pdf"))
    file_id = db.session.query(File).one().id
    said = browser.get(f"/teach/apply/documents/{file_id}").headers["Content-Disposition"]
    assert said.startswith("attachment") and "filename*=UTF-8''%C5%81%C3%B3d%C5%BA" in said and "\n" not in said


def test_nobody_else_opens_it(applied, log_in, bruno, tea):
    path = f"documents/{applied.documents[0].file_id}"
    for other in (bruno, tea):
        browser = log_in(other)
        assert browser.get(f"/teach/apply/{path}").status_code == 404
        assert browser.get(f"/admin/applications/{applied.id}/{path}").status_code == 403


def test_who_has_an_application_opens_no_document_of_another(applied, log_in, bruno):
    browser = log_in(bruno)
    send(browser, (PDF, "mine.pdf"))
    assert browser.get(f"/teach/apply/documents/{applied.documents[0].file_id}").status_code == 404


def test_an_admin_opens_it_by_its_own_application_only(applied, log_in, bruno, ada):
    send(log_in(bruno))
    other = queries.newest_of(bruno.id)
    admin, file_id = log_in(ada), applied.documents[0].file_id
    assert admin.get(f"/admin/applications/{applied.id}/documents/{file_id}").data == PDF
    assert admin.get(f"/admin/applications/{other.id}/documents/{file_id}").status_code == 404


def test_one_that_the_store_lost_is_not_found(browser, applied, app):
    gateway.from_url(app.config["FILES_URL"]).remove(applied.documents[0].file.place)
    assert browser.get(f"/teach/apply/documents/{applied.documents[0].file_id}").status_code == 404


# The admin


def test_an_admin_finds_reads_and_approves_it(applied, log_in, ada, ana):
    admin = log_in(ada)
    home = admin.get("/admin/").text
    assert re.search(r'href="/admin/applications/">Applications to teach</a>[^1-9]*<p [^>]*>1</p>', home)
    assert f'href="/admin/applications/{applied.id}"' in admin.get("/admin/applications/").text
    page = admin.get(f"/admin/applications/{applied.id}").text
    for said in ("Twenty years at sea.", "degree.pdf", "ana@example.org", "https://example.org/knots"):
        assert said in page
    assert decide(admin, applied).status_code == 303
    db.session.expire_all()
    assert ana.is_teacher
    assert "by Ada" in admin.get("/admin/applications/?show=decided").text
    assert "No application waits" in admin.get("/admin/applications/").text
    assert log_in(ana).get("/teach/").status_code == 200


def test_the_applicant_reads_why_it_was_returned(applied, log_in, ada, ana):
    assert decide(log_in(ada), applied, "return", reason="Which ships?").status_code == 303
    page = log_in(ana).get("/teach/apply/").text
    assert "Which ships?" in page and "Change and send again" in page


def test_a_return_without_a_reason_is_not_one(applied, log_in, ada):
    answer = decide(log_in(ada), applied, "return", reason=" ")
    assert answer.status_code == 422 and "Say what is missing." in answer.text
    assert applied.state == "waiting"


def test_what_was_changed_meanwhile_is_not_decided(applied, log_in, ada, ana):
    with transaction():
        actions.change(applied, subject="Poisons", experience="None.")
    assert log_in(ada).post(f"/admin/applications/{applied.id}/approval", data={"edition": "1"}).status_code == 409
    db.session.expire_all()
    assert ana.role == "student"


@pytest.mark.parametrize(("what", "state"), [("approval", "approved"), ("return", "returned")])
def test_it_is_decided_as_a_process_does_that_has_not_seen_it_before(applied, log_in, ada, what, state):
    application_id, admin = applied.id, log_in(ada)
    db.session.expunge_all()
    assert admin.post(f"/admin/applications/{application_id}/{what}", data={"edition": "1", "reason": "x"}).status_code == 303
    assert db.session.get(Application, application_id).state == state


def test_it_is_changed_and_taken_back_by_one_that_has_not_either(browser, applied):
    application_id = applied.id
    for path, data in (("change", WORDS), ("withdrawal", {})):
        db.session.expunge_all()
        assert browser.post(f"/teach/apply/{path}", data=data).status_code == 303
    found = db.session.get(Application, application_id)
    assert (found.edition, found.state) == (2, "taken back")


@pytest.mark.parametrize("what", ["approval", "return"])
def test_a_students_decision_is_refused(browser, applied, what):
    assert decide(browser, applied, what, reason="x").status_code == 403
    assert applied.state == "waiting"


def test_words_of_an_applicant_are_shown_as_words(browser, log_in, ada):
    send(browser, subject="<script>alert(1)</script>", experience="<img src=x onerror=alert(1)>")
    application = db.session.query(Application).one()
    for page in (browser.get("/teach/apply/"), log_in(ada).get(f"/admin/applications/{application.id}")):
        assert "<script>alert(1)" not in page.text and "<img src=x" not in page.text


def test_the_list_takes_as_many_statements_with_many(log_in, ada, member, statements):
    counts = []
    admin = log_in(ada)
    for name in ("uno", "due", "tre"):
        user = member(name)
        with transaction():
            actions.apply(user, "Knots", "At sea.")
        with statements() as seen:
            admin.get("/admin/applications/")
        counts.append(len(seen))
    assert counts[1] == counts[2] <= 7


def test_a_change_that_brings_no_field_takes_no_document_off(applied, browser):
    assert browser.post("/teach/apply/change", data={}).status_code == 303
    assert [document.file.name for document in applied.documents] == ["degree.pdf"]
