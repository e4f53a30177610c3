"""The review desk as two admins use it: four eyes, a circle of accounts, ten cases at once, a stop before signing, and a log that tells who touched it.

`make play-desk` runs it against the running demo, whose clock it moves on by a month; a test runs it against a demo of its own.
"""

import sys

from rig.terminal import run
from tests.e2e import deciding, stopping
from tests.e2e.desk_people import People
from tests.e2e.play_economy import ADMIN, ADMINS_PASSWORD, agree
from tests.e2e.story import on_the_demo, told
from tests.e2e.visitor import Visitor

SECOND_ADMIN = "admin2@example.org"


def play(browser, url, environment, say=lambda line: None):
    """Run the story; an error says where it stopped, var/stopped-….png shows it. Answers the timeline's events."""
    return told(_play, browser, url, environment, say)


def _play(story):
    people = People(story, Visitor(story.url).log_in(ADMIN, ADMINS_PASSWORD))
    ada, aldo = (story.person(email, ADMINS_PASSWORD).log_in() for email in (ADMIN, SECOND_ADMIN))
    teacher, ringed, saver = (story.person(email).log_in() for email in (people.teacher, people.ring[0], people.savers[-1]))
    story.timeline.mark("a teacher, four savers and a ring of three accounts signed up; a month has passed")
    deciding.four_eyes(story, people, teacher, ada, aldo)
    deciding.circle(story, people, ringed, ada)
    deciding.batch(story, people, ada)
    stopping.stop(story, people, saver, ada, aldo)
    stopping.alter(story)
    agree(story)


def main():
    on_the_demo(play)
    print("The desk runs.")


if __name__ == "__main__":
    sys.exit(run(main))
