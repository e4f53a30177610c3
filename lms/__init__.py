"""SchoolPlatform. What every process imports is light: cron needs neither the web nor the database."""


def create_app(role, environ=None):
    """The app of a process, see lms.app."""
    from lms.app import create_app

    return create_app(role, environ)
