"""Wallet pages."""

from flask import Blueprint

blueprint = Blueprint("wallet", __name__)
