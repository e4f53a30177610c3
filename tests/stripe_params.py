"""What Stripe would say of a request's parameters, by the types of its own SDK: nothing unknown, nothing missing, nothing of another type."""

import re
import sys
import types
import typing
from urllib.parse import parse_qsl

from stripe import RequestOptions, StripeObject
from typing_extensions import is_typeddict

_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Wrong(Exception):
    """(code, parameter, sentence) as Stripe's error has them."""

    def __init__(self, code, param, message):
        super().__init__(message)
        self.code, self.param = code, param


def parse(body):
    """{"a": {"b": ["1"]}} of the form `a[b][0]=1`; raises Wrong for one that says something twice."""
    tree = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name)
        place = tree
        for step in path:
            place = place.setdefault(step, {})
        if last in place:
            raise Wrong("parameter_invalid", name, f"Received twice: {name}")
        place[last] = value
    return _lists(tree)


def check(params, declared, name=""):
    """The parameters as Python values; raises Wrong. `declared` is a TypedDict of stripe.params."""
    allowed = _fields(declared)
    for key in params:
        if key not in allowed:
            raise Wrong("parameter_unknown", _under(name, key), f"Received unknown parameter: {_under(name, key)}")
    for key in declared.__required_keys__ & allowed.keys() - params.keys():
        raise Wrong("parameter_missing", _under(name, key), f"Missing required param: {_under(name, key)}.")
    return {key: _value(value, allowed[key], _under(name, key), declared.__module__) for key, value in params.items()}


def _fields(declared):
    """Its own; what a request may carry beside its parameters is no parameter."""
    return {key: kind for key, kind in declared.__annotations__.items() if key not in RequestOptions.__annotations__}


def _value(value, kind, name, module):
    kind, origin = _resolved(kind, module)
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, typing.get_args(kind), name, module)
    if origin is typing.Literal:
        return _checked(value in typing.get_args(kind), value, name)
    if origin is list:
        return [_value(each, typing.get_args(kind)[0], f"{name}[{at}]", module) for at, each in enumerate(_checked(isinstance(value, list), value, name))]
    if origin is dict:
        return {key: _value(each, str, _under(name, key), module) for key, each in _checked(isinstance(value, dict), value, name).items()}
    if is_typeddict(kind):
        return check(_checked(isinstance(value, dict), value, name), kind, name)
    return _plain(value, kind, name)


def _resolved(kind, module):
    """(type, origin) without NotRequired and quotation marks."""
    while True:
        if typing.get_origin(kind) in (typing.NotRequired, typing.Required):
            kind = typing.get_args(kind)[0]
        elif isinstance(kind, str | typing.ForwardRef):
            text = kind if isinstance(kind, str) else kind.__forward_arg__
            kind = eval(text, vars(typing) | {"UntypedStripeObject": _Untyped} | vars(sys.modules[module]))  # noqa: S307 - words of the SDK
        else:
            return kind, typing.get_origin(kind)


class _Untyped(StripeObject):
    """No form is one."""

    def __class_getitem__(cls, _):
        return cls


def _one_of(value, kinds, name, module):
    """Where the SDK lists the words of today and lets any through, the server knows those of today only."""
    kinds = [_resolved(kind, module)[0] for kind in kinds]
    if any(typing.get_origin(kind) is typing.Literal for kind in kinds):
        kinds = [kind for kind in kinds if kind is not str]
    for kind in kinds:
        try:
            return _value(value, kind, name, module)
        except Wrong as wrong:
            refusal = wrong
    raise refusal


def _plain(value, kind, name):
    shapes = {int: lambda text: bool(_NUMBER.fullmatch(text)), bool: lambda text: text in ("true", "false"), str: lambda text: True}
    _checked(isinstance(value, str) and kind in shapes and shapes[kind](value), value, name)
    return {int: int, bool: lambda text: text == "true", str: str}[kind](value)


def _checked(is_right, value, name):
    if not is_right:
        raise Wrong("parameter_invalid", name, f"Invalid value for {name}")
    return value


def _lists(tree):
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdigit() for key in tree):
        return [_lists(tree[key]) for key in sorted(tree, key=int)]
    return {key: _lists(value) for key, value in tree.items()}


def _under(name, key):
    return f"{name}[{key}]" if name else key
