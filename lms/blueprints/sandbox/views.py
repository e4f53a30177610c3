"""Sandbox pages."""

from flask import Blueprint

blueprint = Blueprint("sandbox", __name__)
