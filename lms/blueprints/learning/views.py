"""Learning pages."""

from flask import Blueprint

blueprint = Blueprint("learning", __name__)
