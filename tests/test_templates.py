"""Nothing is left over in templates and styles: what is imported, defined or styled is used."""

import re
from pathlib import Path

from jinja2 import Environment, nodes

from lms.ui.remember import Remember

LMS = Path(__file__).parent.parent / "lms"
TEMPLATES = LMS / "templates"
TREES = {
    str(file.relative_to(TEMPLATES)): Environment(extensions=[Remember, "jinja2.ext.i18n"]).parse(file.read_text())
    for file in sorted(TEMPLATES.rglob("*.html"))
}
# Written into a class by htmx, or put together where they stand.
PUT_TOGETHER = {"htmx-request", "av-lg", "s-1", "s-2", "s-4"} | {f"p-{part}" for part in ("available", "maturing", "reserved", "staked", "unbonding")}


def imports_of(scope):
    """(template, name there, name here) for each that the scope itself imports."""
    for node in _inside(scope, (nodes.Block, nodes.Macro)):
        if isinstance(node, nodes.FromImport):
            for name in node.names:
                there, here = (name, name) if isinstance(name, str) else name
                yield node.template.value, there, here


def names_read_in(scope, without):
    return {node.name for node in _inside(scope, without) if isinstance(node, nodes.Name) and node.ctx == "load"}


def _inside(node, without):
    for child in node.iter_child_nodes():
        if not isinstance(child, without):
            yield child
            yield from _inside(child, without)


def unused_imports_of(tree):
    """A block sees what its template imports, not what the block around it does."""
    scopes = [(tree, ()), *((block, nodes.Block) for block in tree.find_all(nodes.Block)), *((macro, ()) for macro in tree.find_all(nodes.Macro))]
    return {here for scope, without in scopes for *_, here in imports_of(scope) if here not in names_read_in(scope, without)}


def test_a_template_uses_what_it_imports():
    unused = {name: unused_imports_of(tree) for name, tree in TREES.items()}
    assert {name: names for name, names in unused.items() if names} == {}


def test_every_macro_is_called_and_every_one_imported_is_there():
    made = {(name, macro.name) for name, tree in TREES.items() for macro in tree.find_all(nodes.Macro)}
    imported = {(template, there) for tree in TREES.values() for scope in (tree, *tree.find_all((nodes.Block, nodes.Macro))) for template, there, _ in imports_of(scope)}
    called_at_home = {(name, called) for name, tree in TREES.items() for called in names_read_in(tree, ())}
    assert made - imported - called_at_home == imported - made == set()


def test_a_macro_that_is_called_is_known_where_it_is_called():
    macros = {macro.name for tree in TREES.values() for macro in tree.find_all(nodes.Macro)}
    strangers = {name: macros & set(strangers_of(tree)) for name, tree in TREES.items()}
    assert {name: found for name, found in strangers.items() if found} == {}


def strangers_of(tree):
    """What is called and neither imported nor set in the block, nor in the template around its blocks."""
    at_home = {here for *_, here in imports_of(tree)}
    for scope in (tree, *tree.find_all(nodes.Block)):
        found = list(_inside(scope, nodes.Block))
        known = at_home | {node.name for node in found if isinstance(node, nodes.Macro) or (isinstance(node, nodes.Name) and node.ctx != "load")}
        known |= {here for node in (scope, *(node for node in found if isinstance(node, nodes.Macro))) for *_, here in imports_of(node)}
        yield from (node.node.name for node in found if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name not in known)


def test_every_class_of_the_style_sheet_is_written_somewhere():
    selectors = re.sub(r"\{[^{}]*\}|/\*.*?\*/", "", (LMS / "static" / "app.css").read_text(), flags=re.S)
    styled = set(re.findall(r"\.([a-z][\w-]*)", selectors))
    sources = [*TEMPLATES.rglob("*.html"), *(LMS / "static").glob("*.js"), *(LMS / "ui").rglob("*.py"), *(LMS / "blueprints").rglob("*.py")]
    written = {word for file in sources for word in re.findall(r"[\w-]+", file.read_text())}
    assert styled - written == PUT_TOGETHER


def test_every_template_is_named_somewhere():
    """A mail is named by its kind; the texts of terms and privacy by their language, too."""
    sources = [*TEMPLATES.rglob("*.html"), *LMS.rglob("*.py")]
    named = {name for file in sources for name in re.findall(r"""["']([\w/]+)(?:\.html)?["']""", file.read_text())}
    texts = {f"pages/{text}.{language}" for text in ("terms", "privacy") for language in ("en", "it")}
    assert {name.removeprefix("mail/").removesuffix(".html") for name in TREES} - named == texts
