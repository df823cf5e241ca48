"""Every key of conf: which are quantities, which plain choices, which do nothing and why."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sim.quantity import is_quantity
from sim.scenario import CONF

TEXTS = ("label", "icd10", "evidence", "legal_frame", "currency", "published")
"""Words for the reader, shown and never computed with."""

INERT = {
    "compute.address": "where to compute, not what",
    "compute.deaths": "how often a run is begun again, not what it is",
    "compute.engine": "where to compute, not what",
    "compute.patience": "how long to wait for workers, not what they do",
    "compute.processes": "where to compute, not what",
    "force": "whether to compute again, not what",
    "precision.batch": "how many seeds seeds=auto takes, not what any of them is",
    "precision.max_seeds": "how many seeds seeds=auto takes, not what any of them is",
    "precision.target": "how many seeds seeds=auto takes, not what any of them is",
    "report.investor": "how much is told, not what becomes of the money",
    "valuation.stress.settlement_later": "what might go otherwise, not what happens",
    "valuation.stress.rebased_every": "what might go otherwise, not what happens",
    "valuation.stress.not_renewed_after": "what might go otherwise, not what happens",
    "valuation.stress.enrolment_later": "what might go otherwise, not what happens",
    "valuation.stress.insurer_leaves_after": "what might go otherwise, not what happens",
    "valuation.stress.effects": "what might go otherwise, not what happens",
    "funding.size": "auto changes the amounts, not the rules; given alone is tried here",
    "results.persons": "whether persons are written, not what becomes of them",
    "results.smallest_cell": "which cells are shown, not what is in them",
    "out": "where to write, not what",
}
"""Plain keys that change no result, with the reason; a quantity says `inert: reason` itself."""


def quantities_of(node: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Dotted path and node of every quantity below a node."""
    if is_quantity(node):
        yield path, node
        return
    for key, child in _children(node):
        yield from quantities_of(child, f"{path}.{key}".lstrip("."))


def choices_of(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of every plain leaf below a node that is not for the reader."""
    if is_quantity(node) or path.split(".")[-1] in TEXTS:
        return
    children = list(_children(node))
    if not children:
        yield path, node
    for key, child in children:
        yield from choices_of(child, f"{path}.{key}".lstrip("."))


def inert() -> dict[str, str]:
    """Every key declared to change nothing, by dotted path or file, with the reason."""
    found = dict(INERT)
    for path in sorted(CONF.rglob("*.yaml")):
        place = path.relative_to(CONF).with_suffix("").as_posix()
        for key, node in quantities_of(yaml.safe_load(path.read_text("utf-8"))):
            if "inert" in node:
                found[f"{place}: {key}"] = str(node["inert"])
    return found


def _children(node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, Mapping):
        return [(str(key), child) for key, child in node.items()]
    if isinstance(node, list) and any(isinstance(child, Mapping) for child in node):
        return [(str(place), child) for place, child in enumerate(node)]
    return []
