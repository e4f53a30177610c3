"""Questions as pages show them: texts rendered, and what was chosen."""

import textwrap
from functools import lru_cache

from lms.domain.learning.attempt_models import QuizAttempt
from lms.formats import markdown


def asked(questions, chosen):
    """Of questions as an attempt keeps them; `chosen` is {question id: [option ids]}."""
    said = [part for question in questions for option in question["options"] for part in (option["text"], option["explanation"])]
    texts, lines = _rendered(tuple(question["text"] for question in questions), tuple(said))
    return [_question(question, set(chosen.get(question["id"], ())), texts, lines) for question in questions]


def of_quiz(quiz):
    """Of all questions of a Quiz, as nobody has answered them."""
    return asked([_kept(question.text, [(option.text, option.is_right, option.explanation) for option in question.options], question.has_several) for question in quiz.questions], {})


def written(text, options, has_several):
    """Of a question as its teacher writes it: `options` are (text, is_right, explanation)."""
    return asked([_kept(text, options, has_several)], {})[0]


def title_of(question):
    """The begin of a question, for a list of them."""
    return markdown.line(textwrap.shorten(question.text.splitlines()[0], 160, placeholder=" …"))


def _kept(text, options, has_several):
    kept = [{"id": number, "text": option, "is_right": is_right, "explanation": why} for number, (option, is_right, why) in enumerate(options)]
    return {"id": 0, "text": text, "has_several": has_several, "options": kept}


@lru_cache(maxsize=64)  # a quiz as a whole, as a lesson is: kept one by one its texts would push each other out
def _rendered(texts, lines):
    """{text: its HTML}, {line: its HTML}."""
    return {text: markdown.render(text, below=3) for text in texts}, {line: markdown.line(line) for line in lines}


def _question(question, chosen, texts, lines):
    options = [
        {"id": option["id"], "text": lines[option["text"]], "explanation": lines[option["explanation"]], "is_right": option["is_right"], "is_chosen": option["id"] in chosen}
        for option in question["options"]
    ]
    facts = dict(has_several=question["has_several"], is_right=QuizAttempt.is_right(question, chosen))
    return {"name": answer_to(question), "text": texts[question["text"]], "options": options} | facts


def answer_to(question):
    """The name of the field that answers it."""
    return f"question-{question['id']}"
