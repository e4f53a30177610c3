"""`{% remember "name", value, … %}…{% endremember %}`: a part that many pages say alike, written once a process.

It may depend on the values named, on the language and on nothing else: never on the member, the form token or the
data of a page. The values come from small sets (a theme, a role), as nothing is forgotten."""

from flask import request
from jinja2 import nodes
from jinja2.ext import Extension
from markupsafe import Markup

from lms.ui.language import language


class Remember(Extension):
    tags = frozenset({"remember"})

    def __init__(self, environment):
        super().__init__(environment)
        self._parts = {}

    def parse(self, parser):
        line = next(parser.stream).lineno
        values = parser.parse_tuple(with_condexpr=False)
        body = parser.parse_statements(("name:endremember",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_part", [values]), [], [], body).set_lineno(line)

    def _part(self, values, caller):
        if self.environment.auto_reload:  # somebody is writing templates
            return caller()
        key = (values, language().code, request.script_root)
        if key not in self._parts:
            self._parts[key] = Markup(caller())
        return self._parts[key]
