"""`flask` commands."""


def register(app):
    """Commands are added by their noun's module below."""
