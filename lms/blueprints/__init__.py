"""HTML for people: one package a noun, each with its views and forms."""

from importlib import import_module

NOUNS = ("pages", "accounts", "courses", "learning", "exercises", "quizzes", "badges", "checkout", "wallet", "withdrawals", "addresses", "statements", "operations", "live", "preferences", "notices", "rulebook", "teaching", "applications", "decisions", "coupons", "money", "payouts", "staking", "admin", "health", "metrics")


def register(app):
    for noun in NOUNS:
        app.register_blueprint(import_module(f"lms.blueprints.{noun}.views").blueprint)
    if app.config.get("PAYMENT_GATEWAY") == "sandbox":
        app.register_blueprint(import_module("lms.blueprints.sandbox.views").blueprint)
