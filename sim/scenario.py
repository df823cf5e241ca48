"""The composed, validated scenario: what the user chose as one tree, or a refusal in words.

Hydra composes; here it is asked whether the whole makes sense: every key known, every kind of
value as conf has it, every name selected, every year within the tables. What belongs to one
rule is validated by the model beside that rule.

A region's own defaults choose its contract, funding and generation; an experiment overrides the
region; the command line overrides both: the order of the defaults in `conf/config.yaml`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose as compose_config
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sim.coherence import complaints
from sim.quantity import Quantity, Refusal, is_quantity, nearest, quantities, values

HERE = Path(__file__).resolve().parent
CONF = HERE.parent / "conf"  # in a checkout as in an installed wheel
WITHOUT_RESULT = ("out", "force", "compute")  # they say where and how to compute, not what


@dataclass(frozen=True)
class Scenario:
    """What a run is about. `config` has quantities whole, `values` has their numbers alone."""

    config: dict[str, Any]
    values: dict[str, Any]
    quantities: dict[str, Quantity]
    choices: dict[str, str]
    overrides: tuple[str, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Which seeds: those listed, or 1 to the number asked for."""
        asked = self.config["seeds"]
        return tuple(asked) if isinstance(asked, list) else tuple(range(1, asked + 1))

    @property
    def experiment(self) -> str:
        """The name of the question."""
        return self.choices.get("experiment", "none")


def compose(overrides: Sequence[str] = (), folder: Path = CONF) -> Scenario:
    """Compose what the overrides (Hydra's grammar) ask for, and refuse what makes no sense."""
    _check_overrides(overrides, folder)
    config, choices = _composed(overrides, folder)
    wrong = list(_differences(_pattern(config, choices, folder), config, ""))
    if wrong:
        raise Refusal("\n".join(wrong))
    return replace(scenario_of(config, choices), overrides=tuple(overrides))


def scenario_of(config: dict[str, Any], choices: Mapping[str, str]) -> Scenario:
    """Return the scenario of a composed config, or refuse it with all that is wrong with it."""
    found = quantities(config)
    numbers = values(config)
    wrong = list(complaints(numbers))
    if wrong:
        raise Refusal("\n".join(wrong))
    return Scenario(config, numbers, found, dict(choices))


def scenario_hash(scenario: Scenario, code_hash: str) -> str:
    """Hash what decides results: the config, less where and how to compute, and the code."""
    decisive = {key: scenario.config[key] for key in scenario.config if key not in WITHOUT_RESULT}
    about = {
        "config": decisive,
        "choices": scenario.choices.get("experiment"),
        "code": code_hash,
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def code_hash(conf: Path = CONF) -> str:
    """Hash the bytes and names of every rule (sim/**/*.py) and every table (conf/tables)."""
    digest = hashlib.sha256()
    for root, pattern in ((HERE, "*.py"), (conf / "tables", "*")):
        for path in sorted(path for path in root.rglob(pattern) if path.is_file()):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def groups(folder: Path = CONF) -> dict[str, list[str]]:
    """Return the choices of every group: the files of its folder."""
    return {
        place.name: sorted(path.stem for path in place.glob("*.yaml"))
        for place in sorted(folder.iterdir())
        if place.is_dir() and any(place.glob("*.yaml"))
    }


def _check_overrides(overrides: Sequence[str], folder: Path) -> None:
    """Refuse what is not Hydra's grammar, a sweep, a choice that its group does not have."""
    known = groups(folder)
    parser = OverridesParser.create()
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except HydraException as error:
            raise Refusal(
                f"{text!r} cannot be read ({_first_line(error)}). Write key=value, "
                "group=choice, group=[choice,choice] or quantity.value=number."
            ) from None
        if not override.key_or_group:
            raise Refusal(f"{text!r} names no key. Write key=value.")
        if override.is_sweep_override():
            raise Refusal(
                f"{text!r} has several values, one run takes one. A list is written "
                f"{override.key_or_group}=[...]."
            )
        if override.key_or_group in known:
            _check_choice(text, override, known[override.key_or_group])


def _check_choice(text: str, override: Override, known: list[str]) -> None:
    group, chosen = override.key_or_group, override.value()
    if override.is_delete():
        raise Refusal(f"{text!r} takes {group} away, which a run needs. {_choices(group, known)}")
    listed = chosen if isinstance(chosen, list) else [chosen]
    for choice in listed:
        if not isinstance(choice, str) or choice not in known:
            raise Refusal(
                f"{group}={choice} is no choice of {group}. {_near(choice, known)}"
                f"{_choices(group, known)}"
            )
    if len(set(listed)) < len(listed):
        raise Refusal(f"{text!r} chooses something twice. Name each choice once.")


def _choices(group: str, known: Sequence[str]) -> str:
    return f"Choose from {', '.join(known)}; another is added as conf/{group}/NAME.yaml."


def _near(choice: object, known: Sequence[str]) -> str:
    return f"{nearest(str(choice), known)} " if get_close_matches(str(choice), known) else ""


def _composed(overrides: Sequence[str], folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return Hydra's composition as plain nested dicts, and the choice of every group."""
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            composed = compose_config("config", list(overrides), return_hydra_config=True)
        chosen = dict(composed.hydra.runtime.choices)
        OmegaConf.set_struct(composed, False)
        del composed["hydra"]
        config = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise _refusal(error, overrides, folder) from None
    finally:
        GlobalHydra.instance().hydra = running
    choices = {str(group): choice for group, choice in chosen.items() if "/" not in str(group)}
    for group, choice in choices.items():
        if not isinstance(choice, str):
            raise Refusal(f"{group}={choice} is a list, but one is chosen. Write {group}=CHOICE.")
    return dict(config), choices  # type: ignore[arg-type]  # a mapping, since its root is one


def _pattern(config: Mapping[str, Any], choices: Mapping[str, str], folder: Path) -> Any:
    """Return what the chosen files alone give: the keys and kinds of values that are known."""
    known = groups(folder)
    chosen = [f"{group}={choice}" for group, choice in choices.items() if group != "experiment"]
    for group in known.keys() - choices.keys() - {"experiment"}:
        names = config.get(group)
        if not isinstance(names, Mapping):
            raise Refusal(f"{group} is {names!r}: it is chosen as {group}=[choice,choice].")
        for name in names:
            if name not in known[group]:
                raise Refusal(
                    f"{group}.{name} is not known. {_near(name, known[group])}"
                    f"{_choices(group, known[group])}"
                )
        chosen.append(f"{group}=[{','.join(names)}]")
    return _composed([*chosen, "~experiment"] if "experiment" in choices else chosen, folder)[0]


def _differences(pattern: Any, given: Any, path: str) -> Iterator[str]:
    """Yield a sentence for each key that is not in conf, is gone or is of another kind."""
    if is_quantity(pattern):
        if not is_quantity(given):
            yield (
                f"{path} is {given!r}, but a quantity has value, unit, range and source. "
                f"Write {path}.value=NUMBER."
            )
    elif isinstance(pattern, Mapping):
        if not isinstance(given, Mapping):
            yield f"{path} is {given!r}, but it holds {', '.join(pattern)}. Name one of these."
            return
        for key, child in given.items():
            place = f"{path}.{key}" if path else str(key)
            if key in pattern:
                yield from _differences(pattern[key], child, place)
            else:
                yield (
                    f"{place} is not known. {nearest(str(key), list(pattern))} "
                    "Correct the name; a new key is added in its file in conf, and by a rule."
                )
        for key in sorted(pattern.keys() - given.keys()):
            yield (f"{path}.{key} was taken away.".lstrip(".") + " Leave it, or change its value.")
    elif isinstance(pattern, list) and isinstance(given, list):
        for number, (one, other) in enumerate(zip(pattern, given, strict=False)):
            if isinstance(one, Mapping):
                yield from _differences(one, other, f"{path}.{number}")
    elif pattern is not None and path != "seeds" and not _same_kind(pattern, given):
        yield f"{path} is {given!r}. Allowed is {_kind(pattern)}."


def _same_kind(pattern: Any, given: Any) -> bool:
    if isinstance(pattern, float):
        return isinstance(given, int | float) and not isinstance(given, bool)
    return type(pattern) is type(given)


def _kind(pattern: Any) -> str:
    names = {bool: "true or false", list: f"a list such as {pattern}"}
    number = f"a {'whole ' if isinstance(pattern, int) else ''}number such as {pattern}"
    if isinstance(pattern, int | float):
        return names.get(type(pattern), number)
    return names.get(type(pattern), f"a text such as {pattern}")


def _refusal(error: Exception, overrides: Sequence[str], folder: Path) -> Refusal:
    """Say what Hydra complained about; where a key is unknown, which keys are known there."""
    parser = OverridesParser.create()
    keys = [parser.parse_override(text).key_or_group for text in overrides]
    known = groups(folder)
    values_only = [key for key in keys if key not in known]
    if values_only:
        selected = [text for key, text in zip(keys, overrides, strict=True) if key in known]
        config, _ = _composed(selected, folder)
        for key in values_only:
            unknown = _unknown(config, key, list(known))
            if unknown:
                return Refusal(unknown)
    given = " ".join(overrides)
    return Refusal(
        f"The configuration cannot be composed{f' with {given}' if given else ''}: "
        f"{_first_line(error)}. Correct what is named, in conf or on the command line."
    )


def _unknown(config: Mapping[str, Any], key: str, known: Sequence[str]) -> str | None:
    """Say which part of a dotted key is not known, and what is in its place."""
    node: Any = config
    path = ""
    for part in key.split("."):
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, Mapping) and part in node:
            node = node[part]
        else:
            names = list(node) if isinstance(node, Mapping) else []
            if isinstance(node, list):
                names = [str(place) for place in range(len(node))]
            names = names if path else sorted({*names, *known})
            return f"{key} is not known: {path or 'conf'} has no {part}. {nearest(part, names)}"
        path = f"{path}.{part}" if path else part
    return None


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
