"""How large an upload may be. Of what else a request may hold: lms/app.py, LARGEST_REQUEST."""

MB = 1024 * 1024
LARGEST = 5 * MB
