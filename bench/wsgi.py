"""The application, and beside it in the same process a Flask application of one bare view, to compare with."""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from wsgi import app

bare = Flask("bare")


@bare.get("/")
def hello():
    return "Hello"


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/bare": bare})
