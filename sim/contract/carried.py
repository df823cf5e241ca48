"""What earlier contract years leave to the next one."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sim.contract.money import NOTHING


class Past(NamedTuple):
    """A year that was measured: contract year, person-years, EUR/year."""

    contract_year: int
    insured_years: Decimal
    benchmark: Decimal
    savings: Decimal


@dataclass(frozen=True)
class Carried:
    """The years so far, in their order, and a deficit that is still to be made good, EUR."""

    past: tuple[Past, ...] = ()
    deficit: Decimal = NOTHING
