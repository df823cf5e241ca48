"""What is typed behind the command, word by word: read, or refused before anything is composed.

The grammar is Hydra's; the answers are ours, and name what is allowed and what to do.
"""

import functools
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from sim.quantity import Refusal, is_quantity, nearest

CONF = Path(__file__).resolve().parent.parent / "conf"  # in a checkout as in an installed wheel
HYDRA = "hydra"
KEPT = 4096  # overrides that have been read
FORMS = (
    "Write key=value, group=choice, group=[choice,choice] or quantity.value=number; a text with "
    "spaces, accents or signs is quoted for the shell and within: \"out='my results'\"."
)


def groups(folder: Path = CONF) -> dict[str, list[str]]:
    """Return the choices of every group: the files of its folder."""
    return {
        place.name: sorted(path.stem for path in place.glob("*.yaml"))
        for place in sorted(folder.iterdir())
        if place.is_dir() and any(place.glob("*.yaml"))
    }


def keys(overrides: Sequence[str]) -> list[str]:
    """Return the key or group that each override names."""
    return [read(text).key_or_group for text in overrides]


@functools.lru_cache(maxsize=KEPT)
def read(text: str) -> Override:
    """Read one override; what is not Hydra's grammar is refused."""
    if not text.strip():
        raise Refusal(f"{text!r} is empty. {FORMS}")
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise Refusal(f"{text!r} cannot be read ({first_line(error)}). {FORMS}") from None


def check(overrides: Sequence[str], folder: Path) -> None:
    """Refuse a sweep, what is Hydra's own, and a choice that its group does not have."""
    known = groups(folder)
    for text in overrides:
        override = read(text)
        key = override.key_or_group
        if not key:
            raise Refusal(f"{text!r} names no key. {FORMS}")
        if key.split(".")[0].split("/")[0] == HYDRA:
            raise Refusal(
                f"{text!r} is about Hydra itself, which only composes here. Leave it out; where "
                "results go is out=DIR."
            )
        if override.package is not None:
            raise Refusal(
                f"{text!r} asks for another place in the configuration; each group has its own. "
                f"Write {key}=CHOICE."
            )
        if override.is_sweep_override():
            raise Refusal(
                f"{text!r} has several values, one run takes one. A list is written {key}=[...]; "
                "with -m each value is a run of its own."
            )
        if key in known:
            _check_choice(text, override, known[key], folder)


def choices(group: str, known: Sequence[str]) -> str:
    """Say what can be chosen of a group, and how another choice is added."""
    return f"Choose from {', '.join(known)}; another is added as conf/{group}/NAME.yaml."


def near(choice: object, known: Sequence[str]) -> str:
    """Ask whether a choice like the given one was meant; nothing where none is like it."""
    return f"{nearest(str(choice), known)} " if get_close_matches(str(choice), known) else ""


def unknown(config: Mapping[str, Any], key: str, known: Sequence[str]) -> str | None:
    """Say which part of a dotted key is not known, and what is in its place."""
    node: Any = config
    path = ""
    for part in key.split("."):
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, Mapping) and part in node:
            node = node[part]
        else:
            return f"{key} is not known: {_instead(node, path, part, known)}"
        path = f"{path}.{part}" if path else part
    return None


def first_line(error: Exception) -> str:
    """Return the first line of a complaint, without its full stop."""
    return str(error).strip().split("\n")[0].rstrip(".")


def _instead(node: Any, path: str, part: str, known: Sequence[str]) -> str:
    if isinstance(node, Mapping):
        names = [str(name) for name in node] if path else sorted({*map(str, node), *known})
    elif isinstance(node, list):
        names = [str(place) for place in range(len(node))]
    else:
        return f"{path} is a plain value. Write {path}=VALUE."
    holder = f"{path} has no {part}" if path else f"conf has no {part}"
    remedy = f"Write {path}.value=NUMBER." if is_quantity(node) else "Correct the name."
    return f"{holder}. {nearest(part, names)} {remedy}"


def _check_choice(text: str, override: Override, known: list[str], folder: Path) -> None:
    group, chosen = override.key_or_group, override.value()
    if override.is_delete():
        raise Refusal(f"{text!r} takes {group} away, which a run needs. {choices(group, known)}")
    if override.is_add() or override.is_force_add():
        raise Refusal(f"{text!r} adds to {group}. Write {text.lstrip('+')} to choose anew.")
    if isinstance(chosen, list) and group not in _lists(folder):
        raise Refusal(f"{text!r} is a list, but one is chosen. {choices(group, known)}")
    listed = chosen if isinstance(chosen, list) else [chosen]
    for choice in listed:
        if not isinstance(choice, str) or choice not in known:
            shown = "null" if choice is None else choice
            raise Refusal(
                f"{group}={shown} is no choice of {group}. {near(choice, known)}"
                f"{choices(group, known)}"
            )
    if len(set(listed)) < len(listed):
        raise Refusal(f"{text!r} chooses something twice. Name each choice once.")


def _lists(folder: Path) -> set[str]:
    """Return the groups of which several are chosen at once: their default is a list."""
    defaults = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))["defaults"]
    return {
        str(group)
        for entry in defaults
        if isinstance(entry, dict)
        for group, chosen in entry.items()
        if isinstance(chosen, list)
    }
