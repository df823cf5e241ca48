"""What tells one config from another, leaf by leaf, so that many of them take little room."""

import copy
import json
from collections.abc import Mapping
from typing import Any

MISSING = object()


def differences(basis: Any, config: Any, path: str = "") -> dict[str, Any]:
    """Return what differs, by dotted path; a branch whose keys differ is given whole.

    >>> differences({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"x": 1, "y": 3}, "b": [1, 2]})
    {'a.y': 3, 'b': [1, 2]}
    """
    if basis is config:
        return {}
    if isinstance(basis, Mapping) and isinstance(config, Mapping) and [*basis] == [*config]:
        found: dict[str, Any] = {}
        for key in basis:
            found |= differences(basis[key], config[key], f"{path}.{key}" if path else key)
        return found
    return {} if json.dumps(basis) == json.dumps(config) else {path: config}


def restored(basis: Mapping[str, Any], differing: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config that differs from another in what is given; neither is changed.

    >>> restored({"a": {"x": 1, "y": [2, {"z": 3}]}}, {"a.y.1.z": 4})
    {'a': {'x': 1, 'y': [2, {'z': 4}]}}
    """
    if "" in differing:
        return dict(differing[""])
    config = dict(basis)
    copied = dict[str, Any]()
    for path, value in differing.items():
        *parents, last = path.split(".")
        node: Any = config
        place = ""
        for part in parents:
            place = f"{place}.{part}"
            if place not in copied:
                copied[place] = copy.copy(node[_step(node, part)])
                node[_step(node, part)] = copied[place]
            node = copied[place]
        node[_step(node, last)] = value
    return config


def _step(node: Any, part: str) -> Any:
    return int(part) if isinstance(node, list) else part


def looked_up(basis: Mapping[str, Any], differing: Mapping[str, Any], path: str) -> Any:
    """Return what a config has at a dotted path, without restoring it; MISSING if nothing.

    Of a branch the keys are right, the values in it those of `basis`.
    """
    parts = path.split(".")
    for length in range(len(parts), -1, -1):
        place = ".".join(parts[:length])
        if place in differing:
            return _walked(differing[place], parts[length:])
    return _walked(basis, parts)


def _walked(node: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return MISSING
    return node
