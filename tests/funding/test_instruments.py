"""Promises of the terms: what makes no sense is refused with the clause, and says what to do."""

from typing import Any

import pytest
from pydantic import ValidationError

from sim.funding.instruments import instrument
from sim.quantity import Refusal
from tests.funding.companies import ADVANCE, BOND, EACH, EQUITY, GRANT, LOAN, STAKE


@pytest.mark.parametrize("terms", EACH, ids=lambda terms: str(terms["kind"]))
def test_terms_are_frozen_and_know_who_is_behind_them_and_when_they_end(
    terms: dict[str, Any],
) -> None:
    found = instrument(terms, "funding.instruments.0")
    assert found.party == "insurers" or found.party.endswith(f":{terms['funder']}")
    assert found.last_month > 0
    with pytest.raises(ValidationError):
        found.funder = "somebody"


@pytest.mark.parametrize(
    ("terms", "changes", "said"),
    [
        (LOAN, {"grace": 96}, "Shorten the grace or lengthen the term"),
        (LOAN, {"term": 0}, r"funding.instruments.2.term is 0: .*greater than 0"),
        (LOAN, {"grace": -1}, r"funding.instruments.2.grace is -1"),
        (LOAN, {"amount": 0}, r"funding.instruments.2.amount is 0"),
        (LOAN, {"amount": float("inf")}, r"funding.instruments.2.amount is inf"),
        (LOAN, {"interest": -0.01}, r"funding.instruments.2.interest is -0.01: .*equal to 0"),
        (LOAN, {"interest": 4.5}, r"funding.instruments.2.interest is 4.5"),
        (LOAN, {"fee": 1}, r"funding.instruments.2.fee is 1"),
        (LOAN, {"funder": ""}, r"funding.instruments.2.funder is ''"),
        (LOAN, {"covenant": 1.2}, r"covenant is not known. Did you mean covenants"),
        (LOAN, {"covenants": {"first_month": 3}}, "covenants without a measure. Give debt_"),
        (LOAN, {"repayment": "never"}, "repayment is 'never'"),
        (LOAN, {"kind": "gift"}, r"funding.instruments.2.kind is 'gift'. .*grant"),
        (GRANT, {"clawback_month": 13}, "needs a month after the last payment, .* month 13"),
        (GRANT, {"clawback_month": None}, "set clawback to 0"),
        (GRANT, {"milestones": []}, "milestones"),
        (GRANT, {"milestones": [{"month": 2, "amount": 1}, {"month": 1, "amount": 1}]}, "order"),
        (ADVANCE, {"until": 90}, "goes back before it was paid"),
        (ADVANCE, {"first_month": 30}, "first_month, until and final_month in this order"),
        (ADVANCE, {"lump_sum": 0, "per_insured": 0}, "an advance of nothing"),
        (ADVANCE, {"set_off": 1.1}, "set_off is 1.1"),
        (STAKE, {"repaid_month": 1}, "repaid_month 1 is not after month 1"),
        (STAKE, {"profit_share": 1.5}, "profit_share is 1.5"),
        (EQUITY, {"exit_month": 14}, "exit_month 14 is not after month 14"),
        (EQUITY, {"share": 1.2}, "share is 1.2"),
        (EQUITY, {"preferred_return": -0.1}, "preferred_return is -0.1"),
        (EQUITY, {"tranches": [{"month": 1, "amount": 5}] * 2}, "one a month"),
        (BOND, {"final_month": -2}, "final_month -2 is not after month -2"),
        (BOND, {"protection": 1.0, "cap": 0.9}, "more would be guaranteed than may be paid"),
    ],
)
def test_terms_that_make_no_sense_are_refused_with_the_clause(
    terms: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refusal, match=said):
        instrument({**terms, **changes}, "funding.instruments.2")
