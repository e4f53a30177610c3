"""The economy as its members live it: a teacher who stakes, a student who pays in TEO, withdraws, gives a course back, and adds up his statement.

After each step every balance of both and of the platform is printed, and must be what the rulebook says, to the cent and the millionth.
`make play-economy` runs it against the running demo, whose clock it moves; a test runs it against a demo of its own.
"""

import sys

from rig.terminal import run
from tests.e2e import spending, teaching
from tests.e2e.story import on_the_demo, told

ADMIN, ADMINS_PASSWORD = "admin@example.org", "learn-and-earn"


def play(browser, url, environment, say=lambda line: None):
    """Run the story; an error says where it stopped, var/stopped-….png shows it. Answers the timeline's events."""
    return told(_play, browser, url, environment, say)


def _play(story):
    admin, teacher, student = story.person(ADMIN, ADMINS_PASSWORD).log_in(), story.person().sign_up(), story.person().sign_up()
    story.cast(teacher=teacher, student=student)
    teaching.become_teacher(story, teacher, admin)
    bridges, roofs = (teaching.write_course(teacher, admin, *course) for course in (("How bridges stand", "100"), ("How roofs stand", "50")))
    teaching.offer(story, teacher)
    teaching.stake(story, teacher)
    spending.buy_with_teo(story, student, teacher, bridges)
    spending.mature(story, student, teacher)
    spending.withdraw(story, student)
    spending.give_back(story, student, roofs)
    spending.add_up(story, student)
    agree(story)


def agree(story):
    """Once all is settled the audit's row is zeros, and the supply is what the ledger says."""
    said = ""
    for _ in range(20):
        said = story.flask("audit")
        if "supply = ledger" in said:
            break
    assert "differences 0, supply = ledger" in said, said
    story.timeline.mark("flask audit: differences 0, supply = ledger")


def main():
    on_the_demo(play)
    print("The economy runs.")


if __name__ == "__main__":
    sys.exit(run(main))
