"""What is for one member's eyes, or his disk: no cache on the way keeps it."""

import io

from flask import send_file

PRIVATE = "private, no-store"


def download(data, name, media_type):
    """The answer that saves these bytes under this name, and opens nothing in the browser."""
    answer = send_file(io.BytesIO(data), mimetype=media_type, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = PRIVATE
    return answer
