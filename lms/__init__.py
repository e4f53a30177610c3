"""SchoolPlatform. What every process imports is light: cron needs neither the web nor the database."""


from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask


def create_app(role: str, environ: "Mapping[str, str] | None" = None) -> "Flask":
    """The app of a process, see lms.app."""
    from lms.app import create_app

    return create_app(role, environ)
