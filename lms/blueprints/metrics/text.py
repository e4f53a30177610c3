"""Prometheus' text format, version 0.0.4."""

from typing import NamedTuple

TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """A gauge: what it measures, with its unit, and [(labels, value)]."""

    name: str
    help: str
    samples: list


def exposition(metrics):
    """The text; a metric without samples is left out."""
    return "".join(line + "\n" for metric in metrics if metric.samples for line in _lines(metric))


def _lines(metric):
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.samples:
        said = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{metric.name}{'{' + said + '}' if said else ''} {value}"


def _escaped(text):
    return str(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
