"""Promises of quantities: each has unit, range, source, and a bad one is refused in words."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from sim.quantity import (
    Quantity,
    QuantityError,
    Refusal,
    problem,
    quantities,
    refusal_from,
    values,
)


def number(**changes: Any) -> dict[str, Any]:
    """Return a sound quantity with some of its fields changed."""
    return {"value": 0.5, "unit": "1", "range": [0.3, 0.67], "source": "assumption"} | changes


def test_quantities_are_found_by_their_dotted_path_also_in_lists() -> None:
    config = {
        "contract": {"sharing_rate": number()},
        "funding": {"instruments": [{"amount": number()}]},
    }
    assert list(quantities(config)) == ["contract.sharing_rate", "funding.instruments.0.amount"]


def test_values_keep_the_tree_and_drop_everything_but_the_number() -> None:
    config = {
        "contract": {"rule": "contribution_margin", "sharing_rate": number()},
        "seeds": [1, 2],
    }
    assert values(config) == {
        "contract": {"rule": "contribution_margin", "sharing_rate": 0.5},
        "seeds": [1, 2],
    }


def test_a_published_figure_is_not_an_input() -> None:
    config = {"published": [{"name": "margin", "value": 146, "unit": "EUR", "compare_with": ["x"]}]}
    assert quantities(config) == {}
    assert values(config) == config


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"value": 0.9}, ["0.9", "0.3 to 0.67", "widen contract.sharing_rate.range"]),
        ({"value": "half"}, ["contract.sharing_rate.value", "'half'"]),
        ({"value": True}, ["contract.sharing_rate.value", "true"]),
        ({"value": float("nan")}, ["contract.sharing_rate.value", "nan"]),
        ({"unit": "%"}, ["contract.sharing_rate.unit", "'%'", "never percent"]),
        ({"unit": 1}, ["contract.sharing_rate.unit", "string"]),
        ({"range": [0.7, 0.3]}, ["contract.sharing_rate.range", "low not above high"]),
        ({"range": [0.3]}, ["contract.sharing_rate.range"]),
        ({"source": ""}, ["contract.sharing_rate.source"]),
        (
            {"distribution": "gauss"},
            ["contract.sharing_rate.distribution", "'gauss'", "'normal'"],
        ),
        ({"sauce": "x"}, ["contract.sharing_rate.sauce", "Did you mean source"]),
        ({"distribution": "lognormal", "range": [0, 1]}, ["lognormal", "above 0"]),
    ],
)
def test_a_bad_quantity_is_refused_with_path_value_and_remedy(
    changes: dict[str, Any], named: list[str]
) -> None:
    with pytest.raises(QuantityError) as refused:
        quantities({"contract": {"sharing_rate": number(**changes)}})
    for words in [*named, "contract.sharing_rate"]:
        assert words in str(refused.value)


@pytest.mark.parametrize("field", ["unit", "range", "source"])
def test_a_number_without_unit_range_or_source_is_refused(field: str) -> None:
    bare = number()
    del bare[field]
    with pytest.raises(QuantityError, match=rf"contract\.sharing_rate\.{field} is missing"):
        quantities({"contract": {"sharing_rate": bare}})


def test_all_bad_quantities_are_named_in_one_message() -> None:
    with pytest.raises(QuantityError) as refused:
        quantities({"first": number(value=9), "second": number(unit="%")})
    assert "first" in str(refused.value)
    assert "second" in str(refused.value)


def test_a_quantity_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Quantity(**number()).value = 0.6  # type: ignore[misc]


def test_the_problem_leaves_out_what_is_inert_or_certain() -> None:
    config = {
        "a": number(),
        "b": number(inert="only noted"),
        "c": number(range=[0.5, 0.5]),
        "d": number(distribution="triangular"),
    }
    assert problem(config)["names"] == ["a", "d"]
    assert problem(config)["num_vars"] == 2


@pytest.mark.parametrize("distribution", ["uniform", "triangular", "normal", "lognormal", "beta"])
def test_no_sample_leaves_the_range(distribution: str) -> None:
    sample = pytest.importorskip("SALib.sample.latin")
    stated = problem(
        {
            "a": number(distribution=distribution),
            "b": number(value=0.3, distribution=distribution),
        }
    )
    drawn = sample.sample(stated, 200, seed=1)
    assert drawn.min() >= 0.3
    assert drawn.max() <= 0.67


def test_a_rule_that_refuses_its_values_names_the_dotted_key_and_what_is_allowed() -> None:
    class Terms(BaseModel, frozen=True, extra="forbid"):
        sharing_rate: float = Field(ge=0, le=1)

    with pytest.raises(ValidationError) as invalid:
        Terms.model_validate({"sharing_rate": 2, "sharing_rat": 1})
    refusal = refusal_from(invalid.value, "contract", list(Terms.model_fields))
    assert isinstance(refusal, Refusal)
    assert "contract.sharing_rate is 2: input should be less than or equal to 1." in str(refusal)
    assert "contract.sharing_rat is not known. Did you mean sharing_rate?" in str(refusal)
