"""The composed, validated scenario: what the user chose as one tree, or a refusal in words.

Hydra composes; here it is asked whether the whole makes sense: every key known, every kind of
value as conf has it, every name selected, every year within the tables. What belongs to one
rule is validated by the model beside that rule.

A region's own defaults choose its contract, funding and generation; an experiment overrides the
region; the command line overrides both: the order of the defaults in `conf/config.yaml`.
"""

import functools
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim import cohort_file
from sim import overrides as typed
from sim.coherence import complaints
from sim.composition import composed
from sim.differences import restored
from sim.precision import AUTO
from sim.quantity import Quantity, Refusal, is_quantity, nearest, quantities, values, written

HERE = Path(__file__).resolve().parent
CONF, groups = typed.CONF, typed.groups
NUMBER = re.compile(r"([a-z_][\w.]*)\.value=(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)")
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
        """Which seeds: those listed, or 1 to the number asked for; of seeds=auto the most."""
        asked = self.config["seeds"]
        if self.precision is not None:
            asked = self.precision["max_seeds"]
        return tuple(asked) if isinstance(asked, list) else tuple(range(1, asked + 1))

    @property
    def precision(self) -> dict[str, Any] | None:
        """When seeds=auto has enough, as conf/config.yaml says; None where seeds are given."""
        return self.config["precision"] if self.config["seeds"] == AUTO else None

    @property
    def experiment(self) -> str:
        """The name of the question."""
        return self.choices.get("experiment", "none")


def compose(overrides: Sequence[str] = (), folder: Path = CONF) -> Scenario:
    """Compose what the overrides (Hydra's grammar) ask for, and refuse what makes no sense."""
    typed.check(overrides, folder)
    config, choices = composed(overrides, folder)
    wrong = list(_differences(_pattern(config, choices, folder), config, ""))
    if wrong:
        raise Refusal("\n".join(wrong))
    scenario = scenario_of(config, choices)
    if "population.size" in typed.keys(overrides):
        _check_size(config["population"], scenario.config["population"])
    return replace(scenario, overrides=tuple(overrides))


def compose_all(jobs: Iterable[Sequence[str]]) -> Iterator[Scenario]:
    """Compose many scenarios; those that differ in values of quantities alone much faster.

    Each is the one that `compose` gives, or is refused as there.
    """
    for job in jobs:
        rest, numbers = parted_numbers(job)
        scenario = _varied(rest, numbers) if numbers else None
        yield replace(scenario, overrides=tuple(job)) if scenario else compose(job)


def vary(scenario: Scenario, numbers: Mapping[str, float]) -> Scenario:
    """Return the same scenario with other values of quantities, by their dotted paths."""
    for path, number in numbers.items():
        if path not in scenario.quantities:
            raise Refusal(f"{path} is no quantity. {nearest(path, [*scenario.quantities])}")
        if not math.isfinite(number):
            raise Refusal(f"{path}.value is {number}, which is no number. Give it a value.")
    changes = {f"{path}.value": number for path, number in numbers.items()}
    given = (*scenario.overrides, *(f"{path}={number}" for path, number in changes.items()))
    config = restored(scenario.config, changes)
    return replace(scenario_of(config, scenario.choices), overrides=given)


def parted_numbers(job: Sequence[str]) -> tuple[tuple[str, ...], dict[str, float]]:
    """Part what gives a number to a quantity from all else; no number where that may not be."""
    plain = [NUMBER.fullmatch(text) for text in job]
    numbers = {found[1]: found[2] for found in plain if found}
    if any("${" in text for text in job) or len(numbers) < sum(map(bool, plain)):
        return tuple(job), {}
    rest = tuple(text for text, found in zip(job, plain, strict=True) if not found)
    return rest, {path: json.loads(number) for path, number in numbers.items()}


def _varied(rest: tuple[str, ...], numbers: Mapping[str, float]) -> Scenario | None:
    """Vary what all else gives; None where only composing as a whole can say what is wrong."""
    try:
        return vary(_all_else(rest), numbers)
    except Refusal:
        return None


@functools.lru_cache(maxsize=4)
def _all_else(overrides: tuple[str, ...]) -> Scenario:
    return compose(overrides)


def scenario_of(config: dict[str, Any], choices: Mapping[str, str]) -> Scenario:
    """Return the scenario of a composed config, or refuse it with all that is wrong with it."""
    config = _identified(config)
    found = quantities(config)
    numbers = values(config)
    wrong = list(complaints(numbers))
    if wrong:
        raise Refusal("\n".join(wrong))
    return Scenario(config, numbers, found, dict(choices))


def scenario_hash(scenario: Scenario, code_hash: str) -> str:
    """Hash what decides results: the config, less where and how to compute, and the code."""
    idle = WITHOUT_RESULT if scenario.precision else (*WITHOUT_RESULT, "precision")
    decisive = {key: scenario.config[key] for key in scenario.config if key not in idle}
    people = scenario.config["population"]
    decisive["population"] = {key: people[key] for key in people if key != "path"}  # its checksum
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


def _identified(config: dict[str, Any]) -> dict[str, Any]:
    """Return the config with checksum and number of persons of its cohort file, if it has one."""
    population = config["population"]
    path, said = population.get("path"), population.get("checksum")
    if population.get("source") != "file" or not isinstance(path, str):
        return config
    checksum, persons = cohort_file.identify(path)
    if said not in (None, checksum):
        raise Refusal(
            f"population.checksum is {written(said)}, but {path} has {checksum}: it is another "
            "cohort. Give the file that has this checksum, or leave the checksum out."
        )
    filled = {**population, "checksum": checksum, "size": persons}
    return {**config, "population": filled}


def _check_size(asked: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse a size that is not that of the cohort file."""
    if asked["size"] not in (None, found["size"]):
        raise Refusal(
            f"population.size is {written(asked['size'])}, but {found['path']} has "
            f"{found['size']} persons, all of whom live. Leave population.size out."
        )


def _pattern(config: Mapping[str, Any], choices: Mapping[str, str], folder: Path) -> Any:
    """Return what the chosen files alone give: the keys and kinds of values that are known."""
    known = groups(folder)
    chosen = [f"{group}={choice}" for group, choice in choices.items() if group != "experiment"]
    for group in known.keys() - choices.keys() - {"experiment"}:
        names = config.get(group)
        if not isinstance(names, Mapping):
            raise Refusal(f"{group} is {written(names)}: it is chosen as {group}=[choice,choice].")
        for name in names:
            if name not in known[group]:
                raise Refusal(
                    f"{group}.{name} is not known. {typed.near(name, known[group])}"
                    f"{typed.choices(group, known[group])}"
                )
        chosen.append(f"{group}=[{','.join(names)}]")
    if "experiment" in choices:
        chosen.append("~experiment")
    return composed(chosen, folder).config


def _differences(pattern: Any, given: Any, path: str) -> Iterator[str]:
    """Yield a sentence for each key that is not in conf, is gone or is of another kind."""
    if is_quantity(pattern) and not isinstance(given, Mapping):
        yield (
            f"{path} is {written(given)}, but a quantity has value, unit, range and source. "
            f"Write {path}.value=NUMBER."
        )
    elif is_quantity(pattern):
        if "value" not in given:
            yield f"{path}.value was taken away. Leave it, or change its value."
    elif isinstance(pattern, Mapping):
        if not isinstance(given, Mapping):
            yield (
                f"{path} is {written(given)}, but it holds {', '.join(map(str, pattern))}. "
                f"Name one of these: {path}.{next(iter(pattern), 'KEY')}=VALUE."
            )
            return
        for key, child in given.items():
            place = f"{path}.{key}" if path else str(key)
            if key in pattern:
                yield from _differences(pattern[key], child, place)
            else:
                yield (
                    f"{place} is not known. {nearest(str(key), [str(name) for name in pattern])} "
                    "Correct the name; a new key is added in its file in conf, and by a rule."
                )
        for key in sorted(pattern.keys() - given.keys()):
            yield (f"{path}.{key} was taken away.".lstrip(".") + " Leave it, or change its value.")
    elif isinstance(pattern, list) and isinstance(given, list):
        for number, (one, other) in enumerate(zip(pattern, given, strict=False)):
            if isinstance(one, Mapping):
                yield from _differences(one, other, f"{path}.{number}")
    elif pattern is not None and path != "seeds" and not _same_kind(pattern, given):
        yield f"{path} is {written(given)}. {_allowed(path, pattern)}"


def _same_kind(pattern: Any, given: Any) -> bool:
    if isinstance(pattern, float):
        return isinstance(given, int | float) and not isinstance(given, bool)
    return type(pattern) is type(given)


def _allowed(path: str, pattern: Any) -> str:
    """Say what kind of value a key takes, and how it is written."""
    if isinstance(pattern, list) and any(isinstance(entry, Mapping) for entry in pattern):
        keys = ", ".join(map(str, pattern[0]))
        return f"Allowed is a list of entries with {keys}. Write {path}.0.KEY=VALUE, or {path}=[]."
    if isinstance(pattern, bool):
        return f"Allowed is true or false. Write {path}={written(not pattern)}, or leave it out."
    kind = {list: "a list", int: "a whole number", float: "a number"}.get(type(pattern), "a text")
    return f"Allowed is {kind}. Write it as {path}={written(pattern)}."
