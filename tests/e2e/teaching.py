"""How a teacher of the story comes to sell: she applies, is approved, writes, takes the TEO of her sales, and stakes."""

import re
import secrets

from tests.papers import PDF

DOCUMENT = {"name": "diploma.pdf", "mimeType": "application/pdf", "buffer": PDF}


def become_teacher(story, teacher, admin):
    page, subject = teacher.page, f"Building bridges {secrets.token_hex(2)}"
    page.goto("/teach/apply/")
    page.get_by_label("What will you teach?").fill(subject)
    page.get_by_label("Where do you know it from?").fill("Twenty years of stone and steel.")
    page.get_by_label("Documents").set_input_files(DOCUMENT)
    teacher.press("Apply")
    page.get_by_text("in review").first.wait_for()
    admin.page.goto("/admin/applications/")
    admin.page.get_by_role("link", name=subject).click()
    assert admin.download(DOCUMENT["name"]) == PDF, "the admin got another document than was sent"
    admin.press("Approve: make a teacher")
    page.goto("/teach/")
    page.get_by_text("You have no course yet.").wait_for()
    story.tell("a teacher applied with her diploma, an admin opened it and approved her")


def write_course(teacher, admin, title, price):
    """Written, reviewed and published; answers its slug."""
    page = teacher.page
    page.goto("/teach/new")
    page.get_by_label("Title").fill(f"{title} {secrets.token_hex(2)}")
    teacher.press("Begin the course")
    page.get_by_label("Summary").fill("Why a stone arch needs no mortar.")
    page.get_by_label("Price in EUR").fill(price)
    page.get_by_label("Purchase reward in %").fill("2")
    page.get_by_label("The most a student may pay in TEO").select_option("1500")
    teacher.press("Save")
    slug = re.search(r"/courses/([\w-]+)", page.url)[1]
    page.get_by_label("Title of the section").fill("Arches")
    teacher.press("Add the section")
    page.get_by_role("link", name="Add a lesson").click()
    page.get_by_label("Title").fill("The keystone")
    page.get_by_label("Text").fill("It goes in **last**, and carries all.")
    teacher.press("Save")
    teacher.press("Submit the course")
    admin.page.goto(f"/admin/courses/{slug}")
    admin.press("Approve and publish")
    return slug


def offer(story, teacher):
    policy(teacher)
    coupon(teacher)
    story.tell("her courses cost 100.00 € and 50.00 €, she always takes the TEO, and her coupon takes 20 % off")


def policy(teacher):
    teacher.page.goto("/teach/policy")
    teacher.page.get_by_label("I take the TEO, always").check()
    teacher.press("Save")
    teacher.page.get_by_text("Your policy is saved.").wait_for()


def coupon(teacher):
    page = teacher.page
    page.goto("/teach/coupons/")
    page.get_by_label("Code").fill("ARCH-20")
    page.get_by_label("How much").fill("20")
    page.get_by_label("At most so many times").fill("10")
    teacher.press("Make the coupon")
    page.get_by_text("The coupon ARCH-20 is there.").wait_for()


def stake(story, teacher):
    story.flask("demo", "grant", teacher.email, "120")
    teacher.page.goto("/teach/staking/")
    teacher.page.locator("#stake").get_by_label("Amount in TEO").fill("100")
    teacher.press("Stake")
    teacher.page.get_by_text("your tier: 55 % of each price is yours").wait_for()
    story.tell(
        "she was granted 120 TEO and staked 100 of them to Silver: 55 % of each price is hers",
        teacher_TEO_available="20", teacher_TEO_staked="100", platform_TEO_issuance="-120",
    )
