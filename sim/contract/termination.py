"""Whether a contract is still in force: notice in a given year, or by a yearly hazard."""


def in_force(year: int, termination_year: int | None) -> bool:
    """Whether a calendar year is still settled. Clause 10.1.

    >>> in_force(2023, termination_year=2023), in_force(2024, termination_year=2023)
    (True, False)
    """
    return termination_year is None or year <= termination_year


def last_contract_year(hazard: float, threshold: float) -> float:
    """Last contract year that is settled when notice is given by a hazard (1/year).

    `threshold` is how much hazard the contract can bear, unit exponential, so that it has an
    address like all luck. Notice takes effect at the end of a year; the first is always settled.

    >>> last_contract_year(hazard=0.1, threshold=0.35)
    4
    >>> last_contract_year(hazard=0.0, threshold=0.35)
    inf
    """
    return int(threshold / hazard) + 1 if hazard > 0 else float("inf")
