"""A settlement as the insurer would print it: clause, what it is, amount, unit."""

from typing import NamedTuple

from sim.contract.settlement import Settlement


class Clause(NamedTuple):
    """What a figure of a settlement is, where it stands, in which unit."""

    number: str
    label: str
    unit: str


CLAUSES = {
    "contract_year": Clause("1.1", "Contract year", "year"),
    "insured_years": Clause("1.2", "Insured-years", "person-year"),
    "allocation": Clause("2.1", "Allocation (risk-adjusted norm cost)", "EUR/year"),
    "cost_known": Clause("3.1", "Cost of the contract's sectors, as known", "EUR/year"),
    "completion_factor": Clause("3.2", "Completion of late claims", "1"),
    "cost": Clause("3.3", "Cost (3.1 x 3.2)", "EUR/year"),
    "expected": Clause("5.1", "Expected by the benchmark rule", "EUR/year"),
    "regime_factor": Clause("5.2", "Change of risk equalisation", "1"),
    "prior_savings_credit": Clause("5.3", "Credit for savings before rebasing", "EUR/year"),
    "benchmark": Clause("5.4", "Benchmark (5.1 x 5.2 + 5.3)", "EUR/year"),
    "standard_error": Clause("5.5", "Standard error of the benchmark rule", "EUR/year"),
    "contribution_margin": Clause("6.1", "Contribution margin (2.1 - 3.3), a level", "EUR/year"),
    "measured_savings": Clause("6.2", "Measured savings (5.4 - 3.3), a change", "EUR/year"),
    "settled_years": Clause("6.3", "Years whose mean is settled", "year"),
    "settled_benchmark": Clause("6.4", "Benchmark, mean of these years", "EUR/year"),
    "settled_savings": Clause("6.5", "Savings, mean of these years", "EUR/year"),
    "deficit_brought": Clause("6.6", "Deficit brought forward", "EUR/year"),
    "savings_rate": Clause("6.7", "Savings rate ((6.5 - 6.6) / 6.4)", "1"),
    "minimum_savings_rate": Clause("7.1", "Minimum savings rate", "1"),
    "quality_score": Clause("7.2", "Quality score", "1"),
    "sharing_rate": Clause("7.3", "Sharing rate, after quality", "1"),
    "shared_above": Clause("7.4", "Shared from this amount on", "EUR/year"),
    "savings_share": Clause("7.5", "Share of savings (7.3 x (6.5 - 6.6 - 7.4))", "EUR/year"),
    "levy": Clause("7.6", "Kept by law, share", "1"),
    "savings_share_after_levy": Clause("7.7", "Share after it (7.5 x (1 - 7.6))", "EUR/year"),
    "cap": Clause("7.8", "Cap", "EUR/year"),
    "shared_savings": Clause("7.9", "Shared savings (lower of 7.7 and 7.8)", "EUR/year"),
    "minimum_loss_rate": Clause("8.1", "Minimum loss rate", "1"),
    "loss_share": Clause("8.2", "Loss share", "1"),
    "loss_share_amount": Clause("8.3", "Share of the loss", "EUR/year"),
    "loss_limit": Clause("8.4", "Loss limit", "EUR/year"),
    "disaster_adjustment": Clause("8.5", "Disaster adjustment", "EUR/year"),
    "shared_loss": Clause("8.6", "Owed (lower of 8.3 and 8.4, less 8.5)", "EUR/year"),
    "deficit_carried": Clause("8.7", "Deficit carried forward", "EUR/year"),
    "investment_fee": Clause("9.1", "Investment fee", "EUR/year"),
    "management_fee": Clause("9.2", "Management fee", "EUR/year"),
    "kpi_fee": Clause("9.3", "Fees for indicators", "EUR/year"),
    "in_force": Clause("10.1", "Contract in force (1 yes, 0 no)", "1"),
    "advance": Clause("10.2", "Advance paid before", "EUR/year"),
    "advance_returned": Clause("10.3", "Advance returned", "EUR/year"),
    "payment": Clause("10.4", "Payment (7.9 less 10.2, then 10.3 and 8.6)", "EUR/year"),
    "paid_month": Clause("10.5", "Paid in contract month", "month"),
}
"""Every figure of a settlement, in the contract's order."""


class Line(NamedTuple):
    """One line of the statement: clause, what it is, amount, unit."""

    clause: str
    label: str
    amount: float
    unit: str


def statement(settlement: Settlement) -> tuple[Line, ...]:
    """Lay a settlement out line by line; what the contract does not have is left out.

    Figures of the rule, such as a regional indexation factor, stand before what it expects.
    """
    lines = []
    for name, clause in CLAUSES.items():
        if name == "expected":
            lines += [
                Line("4", key.replace("_", " ").capitalize(), figure, "")
                for key, figure in settlement.details.items()
            ]
        amount = getattr(settlement, name)
        if amount is not None:
            lines.append(Line(clause.number, clause.label, float(amount), clause.unit))
    return tuple(lines)
