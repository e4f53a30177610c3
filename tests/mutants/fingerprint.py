"""What a function does, without what it only says: two of one fingerprint behave the same.

It is the rule by which mutants that change nothing are left out: type annotations and the type in a `cast`, docstrings, `__repr__`,
the words of a refusal or of a program's error (that a refusal names its own is left in: None is not words), the lines of the program's own log,
and the letter case of SQL. All else counts.
"""

import ast
import hashlib

LOG = {"debug", "info", "warning", "error", "exception", "critical"}
WORDS = {"_", "gettext", "ngettext", "lazy_gettext"}
SAYS_ITSELF = {"__repr__"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def fingerprint(function):
    """Of a function's node, which stays as it is."""
    bare = _Bare().visit(ast.parse(ast.unparse(function)))
    return hashlib.sha256(ast.dump(bare).encode()).hexdigest()[:16]


class _Bare(ast.NodeTransformer):
    def visit_FunctionDef(self, node):
        node.returns = None
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:] or [ast.Pass()]
        if node.name in SAYS_ITSELF:
            node.body = [ast.Pass()]
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        return ast.Assign([node.target], node.value, lineno=0) if node.value else ast.Pass()

    def visit_Raise(self, node):
        if isinstance(node.exc, ast.Call):
            node.exc.args = [_unsaid(word) for word in node.exc.args]
        return self.generic_visit(node)

    def visit_Call(self, node):
        self.generic_visit(node)
        name, owner = _name(node.func), _name(getattr(node.func, "value", None))
        if name in LOG and owner in ("log", "logger", "logging"):
            return ast.Call(node.func, [], [])
        if name == "cast" and owner in (None, "typing") and len(node.args) == 2 and not node.keywords and not isinstance(node.args[0], ast.Attribute | ast.Call):
            return node.args[1]
        if name in WORDS:
            node.args = [_unsaid(word) for word in node.args]
        if name == "text":
            node.args = [ast.Constant(word.value.lower()) if _is_text(word) else word for word in node.args]
        return node


def _unsaid(word):
    return ast.Constant("words") if _is_text(word) or isinstance(word, ast.JoinedStr) else word


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _name(node):
    return getattr(node, "attr", None) or getattr(node, "id", None)


def functions(tree):
    """{qualified name: node} of the functions of a module and of its classes; those within others belong to the outer."""
    found = {}

    def look(body, before):
        for node in body:
            if isinstance(node, _FUNCTIONS):
                found[before + node.name] = node
            elif isinstance(node, ast.ClassDef):
                look(node.body, f"{before}{node.name}.")

    look(tree.body, "")
    return found


def statements(function):
    """[(first line, last line)] of what a line tracer meets: simple statements whole, of others their heads; the function's own head is the first."""
    return [_span(node) for node in ast.walk(function) if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)]


def _span(node):
    body = getattr(node, "body", None)
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, body[0].lineno - 1 if body[0].lineno > node.pattern.lineno else body[0].lineno
    if isinstance(body, list) and body:
        return node.lineno, max(node.lineno, body[0].lineno - 1)
    return node.lineno, node.end_lineno
