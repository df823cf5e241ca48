"""A rule of what care should have cost: what it needs, what it claims, what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from sim.contract.history import History
from sim.quantity import Refusal

Disturbance = Literal[
    "none",
    "case_mix",
    "starting_level",
    "national_shock",
    "comparison_size",
    "volunteers",
    "documentation",
    "regional_drift",
    "outliers",
    "switching",
]
"""What may mislead a benchmark where nobody saved anything; `none` is a region like all others.

`case_mix`: the insured age or fall ill more than elsewhere, and it is documented as elsewhere;
`starting_level`: the region was cheaper or dearer than its norm before the start;
`national_shock`: care grows dearer everywhere; `comparison_size`: fewer insured elsewhere;
`volunteers`: the healthier join; `documentation`: the region codes more; `regional_drift`: its
level wanders; `outliers`: a few cost very much; `switching`: people change insurers.
"""


class Claim(NamedTuple):
    """What a benchmark is unbiased to: with nothing saved it then measures nothing on average.

    Whatever is not in `unbiased_to` may mislead it; `assumption` must hold as well.
    """

    unbiased_to: frozenset[Disturbance]
    assumption: str


class Component(NamedTuple):
    """One of several gains a rule adds up, EUR/year: as found, its weight (1), and what counts."""

    name: str
    gain: float
    weight: float
    counted: float


class Balance(NamedTuple):
    """How alike two groups are in one respect: means, and standardised difference (1)."""

    name: str
    region: float
    comparison: float
    difference: float


class Needs(NamedTuple):
    """What of a history a rule looks at: years before the start, and rows of the comparison.

    `truncation` is the quantile at which it wants persons cut off, None where it does not say.
    """

    baseline_years: int
    comparison_rows: bool = False
    truncation: float | None = None


@dataclass(frozen=True)
class Benchmark:
    """What a rule expects care to cost in a year, and what it did cost.

    Attributes
    ----------
    amount, cost
        EUR/year, of the same insured days, sectors and cut-off.
    insured_years
        To which both belong, person-year.
    standard_error
        Of amount less cost as persons are few, EUR/year: chance, not bias.
    details
        Intermediate figures by name, in the order of the contract.
    components
        Gains that a rule adds up, where it does.
    balance
        How alike those compared are, where pairs are drawn.
    """

    rule: str
    year: int
    amount: float
    cost: float
    insured_years: float
    standard_error: float
    details: Mapping[str, float]
    components: tuple[Component, ...] = ()
    balance: tuple[Balance, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse a benchmark that no contract can settle."""
        if not self.amount >= 0:
            raise Refusal(
                f"clause 4, benchmark of {self.year} by {self.rule}: {self.amount:,.2f} EUR/year. "
                "Allowed is 0 or more. Correct the baseline years that it rests on, or choose a "
                "rule with proportional growth."
            )

    @property
    def measured_savings(self) -> float:
        """Amount less cost, EUR/year: as the contract measures them, not true savings."""
        return self.amount - self.cost


@dataclass(frozen=True)
class Rule:
    """A rule by its name: the model of its terms, the clause it follows, and three functions.

    `expect(terms, history, year)` answers with a benchmark; `needs(terms)` says what history must
    hold, `claim(terms)` what the answer is unbiased to.
    """

    name: str
    clause: str
    terms: type[BaseModel]
    needs: Callable[[Any], Needs]
    claim: Callable[[Any], Claim]
    expect: Callable[[Any, History, int], Benchmark]
