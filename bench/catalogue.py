"""The time the server takes for a page of a catalogue of 100,000 courses with a search word."""

import time
from functools import partial
from statistics import median

from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.house import house
from bench.measure import Figure, alternating
from bench.people import cookie, member
from lms.db import db, transaction
from rig import Refusal

COURSES = 100_000
# 'light' stands in every fifth title, 'harpsichord' in every two-thousandth
WORDS = ("light", "harpsichord")
REQUESTS = 10

_GENERATE = text("""
    INSERT INTO courses (slug, teacher_id, title, summary, description, subject, language, price, reward_bp, discount_bp, lesson_count,
                         state, comment, created_at, published_at)
    SELECT 'course-' || n, :teacher,
           (ARRAY['The light of', 'A history of', 'First steps in', 'Understanding', 'The craft of'])[1 + n % 5] || ' '
             || (ARRAY['glass', 'numbers', 'rivers', 'bread', 'cities', 'bridges', 'maps'])[1 + n % 7]
             || CASE WHEN n % 2000 = 0 THEN ' and the harpsichord' ELSE '' END || ' ' || n,
           'What ' || (ARRAY['a beginner', 'a maker', 'a teacher'])[1 + n % 3] || ' finds out in ' || n % 12 + 1 || ' lessons.',
           'A description.', (ARRAY['Art', 'Science', 'Technology', 'Crafts'])[1 + n % 4], (ARRAY['en', 'it'])[1 + n % 2],
           n % 100 * 100, 200, 1000, n % 12 + 1, 'published', '', now() - n * interval '7 minutes', now() - n * interval '7 minutes'
    FROM generate_series(1, :courses) n""")


def figures():
    with house() as app:
        with transaction():
            db.session.execute(_GENERATE, {"teacher": member("tea", "teacher").id, "courses": COURSES})
            signed_in = cookie(member("ana"))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE courses"))
        measures = {word: partial(_milliseconds, app, word, signed_in) for word in WORDS}
        alternating(measures, rounds=2)
        found = alternating(measures)
    slowest = max(median(times) for times in found.values())
    return [Figure("catalogue.100k.ms", slowest, "ms", 30)]


def _milliseconds(app, word, signed_in):
    """The median over some requests, without a server around the application."""
    times = []
    for _ in range(REQUESTS):
        environ = EnvironBuilder(path="/courses", query_string={"q": word}, headers={"Cookie": signed_in}).get_environ()
        began = time.perf_counter()
        body, status, _ = run_wsgi_app(app, environ, buffered=True)
        times.append((time.perf_counter() - began) * 1000)
        if not status.startswith("200") or b"".join(body).count(b"course-card") < 24:
            raise Refusal(f"The search for {word!r} answered {status} without 24 courses.")
    return median(times)
