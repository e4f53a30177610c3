"""Questions as pages show them: texts rendered, and what was chosen."""

import textwrap

from lms.domain.learning.attempt_models import QuizAttempt
from lms.formats import markdown


def asked(questions, chosen):
    """Of questions as an attempt keeps them; `chosen` is {question id: [option ids]}."""
    return [_question(question, set(chosen.get(question["id"], ()))) for question in questions]


def of_quiz(quiz):
    """Of all questions of a Quiz, as nobody has answered them."""
    return [written(question.text, [(option.text, option.is_right, option.explanation) for option in question.options], question.has_several) for question in quiz.questions]


def written(text, options, has_several):
    """Of a question as its teacher writes it: `options` are (text, is_right, explanation)."""
    kept = [{"id": number, "text": option, "is_right": is_right, "explanation": why} for number, (option, is_right, why) in enumerate(options)]
    return _question({"id": 0, "text": text, "has_several": has_several, "options": kept}, set())


def title_of(question):
    """The begin of a question, for a list of them."""
    return markdown.line(textwrap.shorten(question.text.splitlines()[0], 160, placeholder=" …"))


def _question(question, chosen):
    options = [
        {"id": option["id"], "text": markdown.line(option["text"]), "explanation": markdown.line(option["explanation"]), "is_right": option["is_right"], "is_chosen": option["id"] in chosen}
        for option in question["options"]
    ]
    facts = dict(has_several=question["has_several"], is_right=QuizAttempt.is_right(question, chosen))
    return {"name": answer_to(question), "text": markdown.render(question["text"], below=3), "options": options} | facts


def answer_to(question):
    """The name of the field that answers it."""
    return f"question-{question['id']}"
