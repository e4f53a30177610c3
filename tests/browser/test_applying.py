"""From student to teacher in a browser, with documents of several megabytes and with JavaScript off."""

import pytest
from playwright.sync_api import expect

from tests.papers import JPEG, PDF

LARGE = JPEG[:-2] + b"\1" * (4 * 1024 * 1024) + JPEG[-2:]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_student_applies_an_admin_returns_and_then_approves_it(newcomer, seeded, window, javascript):
    page, admin = (window(member, java_script_enabled=javascript) for member in (newcomer, seeded("admin")))
    apply(page, document("degree.exe", b"MZ"))
    expect(page.get_by_text("degree.exe is not a whole PDF, PNG or JPEG file.")).to_be_visible()
    expect(page.get_by_label("What will you teach?")).to_have_value(newcomer.email)
    page.get_by_label("Documents").set_input_files([document("degree.jpg", LARGE), document("letter.pdf", PDF)])
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("An admin is reading your application.")).to_be_visible()
    admin.goto("/admin/applications/")
    admin.get_by_role("link", name=newcomer.email).click()
    assert saved(admin, "degree.jpg") == LARGE and saved(admin, "letter.pdf") == PDF
    admin.get_by_label("What is missing?").fill("Which ward?")
    admin.get_by_role("button", name="Return to the applicant").click()
    expect(admin.get_by_text("The application went back to")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Which ward?")).to_be_visible()
    page.get_by_role("link", name="Change and send again").click()
    page.get_by_label("Take off letter.pdf").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="degree.jpg")).to_be_visible()
    expect(page.get_by_text("letter.pdf")).to_have_count(0)
    admin.goto("/admin/applications/")
    admin.get_by_role("link", name=newcomer.email).click()
    admin.get_by_role("button", name="Approve: make a teacher").click()
    expect(admin.get_by_text("is a teacher from now on.")).to_be_visible()
    page.goto("/teach/")
    expect(page.get_by_role("heading", name="Your courses")).to_be_visible()


def test_more_than_the_documents_there_may_be_is_said_so(newcomer, window):
    page = window(newcomer)
    apply(page, document("degree.jpg", b"x" * 20_000_000))
    expect(page.get_by_text("That is too big to send. The most is 16 MB.")).to_be_visible()


def apply(page, *documents):
    page.goto("/teach/apply/")
    page.get_by_label("What will you teach?").fill(page.locator(".menu-name .why").text_content())
    page.get_by_label("Where do you know it from?").fill("Ten years on a ward.")
    page.get_by_label("Documents").set_input_files(list(documents))
    page.get_by_role("button", name="Apply").click()


def document(name, data):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def saved(page, name):
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    assert download.value.suggested_filename == name
    return download.value.path().read_bytes()
