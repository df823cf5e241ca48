"""A number with unit, range and source, and the samples that follow from it.

A number of the model is one line in `conf`: value, unit, range, source. The range is what
uncertainty analysis samples; there is no second list. Whatever the program will not accept it
refuses with a `Refusal`: what, where, what is allowed, and what to do.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

UNIT_WORD = "(?:1|EUR|year|month|person|case)"
UNIT = re.compile(rf"^{UNIT_WORD}(?:/{UNIT_WORD}(?:-{UNIT_WORD})*)?$")
INTERVAL = 3.92  # standard normal deviations between the 2.5 % and the 97.5 % point


class Refusal(ValueError):
    """What the user gave cannot be used: what, where, what is allowed, and what to do."""


class QuantityError(Refusal):
    """A number in conf lacks its unit, range or source, or lies outside its range."""


class Quantity(BaseModel):
    """A number of the model as conf has it. Not a structural choice (a year, a seed): plain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(strict=True, allow_inf_nan=False)
    unit: str
    range: tuple[float, float]
    source: str = Field(min_length=1)
    distribution: Literal["uniform", "triangular", "normal", "lognormal", "beta"] = "uniform"
    inert: str | None = Field(default=None, min_length=1)
    confidence: str | None = None

    @field_validator("unit")
    @classmethod
    def _is_written_as_agreed(cls, unit: str) -> str:
        if not UNIT.match(unit):
            raise ValueError(
                "units are EUR, year, month, person, case, 1 (a fraction, never percent) and "
                "quotients of them such as EUR/person-year"
            )
        return unit

    @field_validator("range")
    @classmethod
    def _is_finite(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        low, high = bounds
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise ValueError("a range is [low, high], finite, low not above high")
        return bounds

    @model_validator(mode="after")
    def _lies_in_its_range(self) -> "Quantity":
        low, high = self.range
        if not low <= self.value <= high:
            raise ValueError(
                f"value {self.value:.10g} lies outside its range {low:.10g} to {high:.10g}"
            )
        if self.distribution == "lognormal" and low <= 0:
            raise ValueError("a lognormal quantity needs a range above 0")
        return self

    def in_salib(self) -> tuple[str, list[float]]:
        """Distribution name and bounds as SALib writes them; no sample leaves the range.

        SALib has no truncated lognormal and no beta: a lognormal is sampled log-uniformly over
        its range, a beta as the triangle with the same mode.

        >>> triangle = {"unit": "1", "source": "assumption", "distribution": "triangular"}
        >>> Quantity(value=2, range=(1, 5), **triangle).in_salib()
        ('triang', [1.0, 5.0, 0.25])
        """
        low, high = self.range
        match self.distribution:
            case "triangular" | "beta":
                return "triang", [low, high, (self.value - low) / (high - low)]
            case "normal":
                return "truncnorm", [low, high, self.value, (high - low) / INTERVAL]
            case "lognormal":
                return "logunif", [low, high]
            case _:
                return "unif", [low, high]


def is_quantity(node: object) -> bool:
    """Whether a node of conf is meant as a quantity.

    A published figure (it has `compare_with`) is set beside results; it is no input.
    """
    return isinstance(node, Mapping) and "value" in node and "compare_with" not in node


def quantities(config: Mapping[str, Any]) -> dict[str, Quantity]:
    """Every quantity of a composed config by its dotted path; bad ones are refused together."""
    found: dict[str, Quantity] = {}
    refusals: list[str] = []
    for path, node in _quantity_nodes(config, ""):
        try:
            found[path] = Quantity(**node)
        except ValidationError as error:
            refusals.append(_remedied(path, node, error))
    if refusals:
        raise QuantityError("\n".join(refusals))
    return found


def values(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same tree with every quantity replaced by its value.

    >>> values({"contract": {"rule": "x", "sharing_rate": {"value": 0.5, "unit": "1"}}})
    {'contract': {'rule': 'x', 'sharing_rate': 0.5}}
    """
    return {str(key): _valued(node) for key, node in config.items()}


def problem(config: Mapping[str, Any]) -> dict[str, Any]:
    """SALib's problem: every quantity that is not inert and whose range is not a point."""
    names: list[str] = []
    bounds: list[list[float]] = []
    dists: list[str] = []
    for path, quantity in quantities(config).items():
        low, high = quantity.range
        if quantity.inert is None and low < high:
            dist, bound = quantity.in_salib()
            names.append(path)
            bounds.append(bound)
            dists.append(dist)
    return {"num_vars": len(names), "names": names, "bounds": bounds, "dists": dists}


def refusal_from(error: ValidationError, prefix: str, allowed: Sequence[str] = ()) -> Refusal:
    """Turn pydantic's complaint about the rule at `prefix` into one the user can act on.

    It names key, value, what is allowed and the remedy. `allowed` are the keys the rule knows,
    so that a misspelt one can be answered with its neighbours.
    """
    return Refusal("\n".join(_complaint(details, prefix, allowed) for details in error.errors()))


def nearest(word: str, known: Sequence[str]) -> str:
    """Name the known words most like a misspelt one, or all of them where none is like it.

    >>> nearest("diabets", ["diabetes", "dementia"])
    'Did you mean diabetes?'
    """
    close = get_close_matches(word, known, n=3)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Allowed: {', '.join(sorted(known)) or 'nothing'}."


def written(value: object) -> str:
    """Return a plain value as conf writes it.

    >>> written(None), written(True), written("half")
    ('null', 'true', "'half'")
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def _quantity_nodes(node: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, Mapping):
        if is_quantity(node):
            yield path, node
            return
        children = [(str(key), child) for key, child in node.items()]
    elif isinstance(node, list | tuple):
        children = [(str(place), child) for place, child in enumerate(node)]
    else:
        return
    for key, child in children:
        yield from _quantity_nodes(child, f"{path}.{key}" if path else key)


def _valued(node: Any) -> Any:
    if is_quantity(node):
        return node["value"]
    if isinstance(node, Mapping):
        return {str(key): _valued(child) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [_valued(child) for child in node]
    return node


def _complaint(details: Any, prefix: str, allowed: Sequence[str]) -> str:
    """One of pydantic's errors as a sentence that begins with the dotted key."""
    place = ".".join([prefix, *(str(part) for part in details["loc"])]).strip(".")
    name = str(details["loc"][-1]) if details["loc"] else prefix
    if details["type"] == "missing":
        return f"{place} is missing. Give it a value."
    if details["type"] == "extra_forbidden":
        return f"{place} is not known. {nearest(name, allowed)} Correct the name or leave it out."
    said = str(details["msg"]).removeprefix("Value error, ").rstrip(".")
    remedy = "" if details["type"] == "value_error" else " Give it another value."
    if said.startswith(place):
        return f"{said}."
    if isinstance(details["input"], Mapping):
        return f"{place}: {said}.{remedy}"
    return f"{place} is {written(details['input'])}: {said[:1].lower()}{said[1:]}.{remedy}"


def _remedied(path: str, node: Mapping[str, Any], error: ValidationError) -> str:
    complaint = str(refusal_from(error, path, list(Quantity.model_fields)))
    if any("outside its range" in str(details["msg"]) for details in error.errors()):
        return (
            f"{complaint} Give {path}.value another value, or widen {path}.range and say in "
            f"{path}.source where the range is from."
        )
    return f"{complaint} A number in conf is {{value, unit, range: [low, high], source}}."
