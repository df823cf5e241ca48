"""The files chosen, composed by Hydra into one tree, and remembered.

Hydra takes half a second to compose the files, and a scenario needs it twice: what was typed, and
what the chosen files alone give. But what files alone give follows from the files. So it is kept
in the user's cache, under a checksum of all of them, and values that were typed are put into it
by Hydra's own rule. Whatever that rule does not take is composed anew as a whole, so that results
and refusals are those of Hydra, remembered or not.
"""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sim import cache
from sim import overrides as typed
from sim.quantity import Refusal

COMPLAINTS = (HydraException, OmegaConfBaseException, YAMLError, ValueError)
KEPT = 64  # choices of files, in the user's cache
REFERENCE = re.compile(r"\$\{(\w+)")  # the branch that is referred to
RESOLVER = re.compile(r"\$\{[^}]*:")  # what may answer otherwise another time


class Composition(NamedTuple):
    """One tree of plain dicts, and the choice of every group of which one is chosen."""

    config: dict[str, Any]
    choices: dict[str, str]


def composed(overrides: Sequence[str], folder: Path = typed.CONF) -> Composition:
    """Compose what the overrides ask for; what cannot be composed is refused."""
    known = typed.groups(folder)
    read = [typed.read(text) for text in overrides]
    chosen = [text for text, one in zip(overrides, read, strict=True) if one.key_or_group in known]
    values = [one for one in read if one.key_or_group not in known]
    try:
        tree = json.loads(_files_alone(tuple(chosen), folder, _checksum(folder)))
        return Composition(_with_values(tree, values), tree["choices"])
    except (Refusal, *COMPLAINTS):
        return Composition(*_anew(overrides, folder)[1:])


def _with_values(tree: Mapping[str, Any], values: Sequence[Override]) -> dict[str, Any]:
    """Put values into a remembered tree, by Hydra's own rule.

    Hydra's trees are slow to build, so one is built of the branches alone that are named, hold
    references, or are referred to; nothing can happen to the others.
    """
    written, resolved = tree["config"], dict(tree["resolved"])
    if not values:
        return resolved
    named = {override.key_or_group.split(".")[0] for override in values}
    named |= {branch for branch in written if written[branch] != resolved[branch]}
    named |= set(
        REFERENCE.findall(json.dumps([written[branch] for branch in named & set(written)]))
    )
    part = OmegaConf.create({b: written[b] for b in written if b in named}, flags={"struct": True})
    ConfigLoaderImpl._apply_overrides_to_config(list(values), part)
    found = _plain(part, resolve=True)
    kept = {b: found.get(b, resolved[b]) for b in resolved if b in found or b not in named}
    return kept | found


@functools.lru_cache(maxsize=KEPT)
def _files_alone(chosen: tuple[str, ...], folder: Path, checksum: str) -> bytes:
    """What choices alone give, as JSON: the tree as written and resolved, and all choices."""
    what = [*chosen, checksum, version("hydra-core"), version("omegaconf")]
    name = f"composed_{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]}.json"
    kept = cache.read(name) if folder == typed.CONF else None
    if kept is not None and _is_whole(kept):
        return kept
    config, resolved, choices = _anew(chosen, folder)
    tree = {"config": config, "resolved": resolved, "choices": choices}
    text = json.dumps(tree)
    if json.loads(text) != tree or RESOLVER.search(text):
        raise ValueError("what these files give cannot be remembered")
    if folder == typed.CONF:
        cache.keep(name, text.encode(), KEPT)
    return text.encode()


def _is_whole(kept: bytes) -> bool:
    try:
        tree = json.loads(kept)
    except ValueError:
        return False
    return isinstance(tree, dict) and tree.keys() == {"config", "resolved", "choices"}


def _checksum(folder: Path) -> str:
    """Identify all files of conf that can be composed, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _anew(
    overrides: Sequence[str], folder: Path
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Let Hydra compose: the tree as written, the tree with references resolved, all choices."""
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            found = compose("config", list(overrides), return_hydra_config=True)
        chosen = dict(found.hydra.runtime.choices)
        OmegaConf.set_struct(found, False)
        del found["hydra"]
        config, resolved = (_plain(found, resolve=resolve) for resolve in (False, True))
    except COMPLAINTS as error:
        raise _refusal(error, overrides, folder) from None
    finally:
        GlobalHydra.instance().hydra = running
    choices = {str(group): choice for group, choice in chosen.items() if "/" not in str(group)}
    for group, choice in choices.items():
        if not isinstance(choice, str):
            raise Refusal(f"{group}={choice} is a list, but one is chosen. Write {group}=CHOICE.")
    return config, resolved, choices


def _plain(config: Any, *, resolve: bool) -> dict[str, Any]:
    """Turn Hydra's tree into plain dicts."""
    found: Any = OmegaConf.to_container(config, resolve=resolve)
    return dict(found)


def _refusal(error: Exception, overrides: Sequence[str], folder: Path) -> Refusal:
    """Say what Hydra complained about; where a key is unknown, which keys are known there."""
    keys = typed.keys(overrides)
    known = typed.groups(folder)
    values_only = [key for key in keys if key not in known]
    if values_only:
        selected = [text for key, text in zip(keys, overrides, strict=True) if key in known]
        config = _anew(selected, folder)[1]
        for key in values_only:
            unknown = typed.unknown(config, key, list(known))
            if unknown:
                return Refusal(unknown)
    given = " ".join(overrides)
    return Refusal(
        f"The configuration cannot be composed{f' with {given}' if given else ''}: "
        f"{typed.first_line(error)}. Correct what is named, in conf or on the command line."
    )
