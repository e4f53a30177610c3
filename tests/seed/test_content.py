"""What every seeded course promises its readers."""
import re
import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

COURSES = Path(__file__).parents[2] / "lms" / "seed" / "courses"
QUIZZES = sorted(COURSES.glob("*/*.quiz.toml"))
FOLDERS = sorted(path.parent for path in COURSES.glob("*/course.toml"))
LESSONS = sorted(COURSES.glob("*/*.md"))
EXAMPLE_HEADING = {"en": "Worked example", "it": "Esempio svolto"}
EXERCISE_HEADING = {"en": "Try it", "it": "Prova tu"}

each_course = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")


def test_there_are_three_courses_and_a_translation():
    translations = [folder for folder in FOLDERS if "translation_of" in _course(folder)]
    assert len(FOLDERS) - len(translations) >= 3
    assert translations


@each_course
def test_a_course_says_what_it_is(folder):
    course = _course(folder)
    assert course["title"] and course["subject"]
    assert 0 < len(course["summary"]) <= 180
    assert 2 <= len(course["description"].strip().split("\n\n")) <= 3
    assert course["language"] in EXAMPLE_HEADING
    assert isinstance(course["price_cents"], int) and course["price_cents"] > 0
    assert 0 <= course["reward_bp"] <= 200


@each_course
def test_a_course_lists_at_least_six_lessons_and_forgets_no_file(folder):
    names = _lesson_names(folder)
    assert len(names) >= 6
    assert sorted(names) == sorted(path.stem for path in folder.glob("*.md"))


@each_course
def test_the_first_lesson_is_free_and_at_most_one_more(folder):
    previews = [name for name in _lesson_names(folder) if _lesson(folder / f"{name}.md")[0]["preview"]]
    assert previews[0] == _lesson_names(folder)[0]
    assert len(previews) <= 2


@each_course
def test_a_translation_has_the_lessons_of_its_original(folder):
    original = _course(folder).get("translation_of", folder.name)
    assert _shape(folder) == _shape(COURSES / original)


@each_lesson
def test_a_lesson_has_a_title_a_reading_time_and_says_if_it_is_free(path):
    front, _ = _lesson(path)
    assert front["title"]
    assert 3 <= front["minutes"] <= 10
    assert isinstance(front["preview"], bool)


@each_lesson
def test_a_lesson_is_long_enough_to_teach_something(path):
    _, body = _lesson(path)
    assert len(re.findall(r"[^\W\d_]+", body)) >= 300


@each_lesson
def test_a_lesson_has_a_worked_example_and_ends_with_an_exercise(path):
    language = _course(path.parent)["language"]
    headings = re.findall(r"^## (.+)$", _lesson(path)[1], flags=re.MULTILINE)
    assert any(heading.startswith(EXAMPLE_HEADING[language]) for heading in headings)
    assert headings[-1] == EXERCISE_HEADING[language]


@each_lesson
def test_a_lesson_needs_no_html_no_pictures_and_no_other_site(path):
    """The page's h1 is the title, so a body begins at h2."""
    tokens = MarkdownIt("commonmark").enable("table").parse(_lesson(path)[1])
    kinds = {child.type for token in tokens for child in [token, *(token.children or [])]}
    assert not kinds & {"html_block", "html_inline", "image", "link_open"}
    assert "h1" not in {token.tag for token in tokens}


def test_there_is_a_quiz_and_each_stands_beside_its_lesson():
    assert QUIZZES
    assert all(path.with_name(path.name.replace(".quiz.toml", ".md")) in LESSONS for path in QUIZZES)


@pytest.mark.parametrize("path", QUIZZES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_answer_of_a_quiz_says_why_and_the_right_ones_do_not_all_stand_first(path):
    questions = tomllib.loads(path.read_text(encoding="utf-8"))["questions"]
    assert len(questions) >= 4
    assert all(option["why"].strip() for question in questions for option in question["options"])
    assert any(question.get("has_several") for question in questions)
    assert len({tuple(option.get("right", False) for option in question["options"]) for question in questions}) > 2


def _course(folder):
    return tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))


def _lesson_names(folder):
    return [name for section in _course(folder)["sections"] for name in section["lessons"]]


def _shape(folder):
    """Lessons in each section."""
    return [len(section["lessons"]) for section in _course(folder)["sections"]]


def _lesson(path):
    """Front matter and body of a lesson, which stand apart by lines of +++."""
    _, front, body = path.read_text(encoding="utf-8").split("+++\n", 2)
    return tomllib.loads(front), body
