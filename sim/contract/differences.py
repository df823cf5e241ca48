"""Where what was really paid differs from what we settle, and which clause tells them apart."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sim.contract.settlement import Settlement
from sim.contract.statement import CLAUSES
from sim.contract.statement_file import Row

WITHIN = 0.001
"""Share of what was paid within which both are taken for the same; where nothing was, 1 EUR."""

FIGURES = ("savings_share_after_levy", "savings_share", "cap", "shared_savings")
LOSSES = ("loss_share_amount", "loss_limit", "shared_loss")


class Difference(NamedTuple):
    """A statement that does not come out: both payments, EUR, and why, as far as it shows."""

    row: int
    contract: str
    year: int
    payment: float
    paid: float
    reason: str


def agree(payment: float, paid: float, within: float = WITHIN) -> bool:
    """Whether two payments are the same but for rounding.

    >>> agree(1000.9, 1000.0), agree(0.5, 0.0), agree(2.0, 0.0)
    (True, True, False)
    """
    return abs(payment - paid) <= (within * abs(paid) if paid else 1.0)


def differences(rows: Sequence[Row], settlements: Sequence[Settlement]) -> Iterator[Difference]:
    """Yield the statements whose payment is not what was paid."""
    for row, settlement in zip(rows, settlements, strict=True):
        if row.paid is not None and not agree(settlement.payment, row.paid):
            yield Difference(
                row.number, row.contract, settlement.year, settlement.payment, row.paid,
                reason(settlement, row.paid),
            )  # fmt: skip


def reason(settlement: Settlement, paid: float) -> str:
    """Say which clause leads away from what was paid: the figure that it is, if it is one."""
    for name in FIGURES if paid > 0 else LOSSES:
        figure = getattr(settlement, name)
        if figure and agree(figure, abs(paid)):
            clause = CLAUSES[name]
            return f"paid is clause {clause.number}, {clause.label.split(' (')[0].lower()}"
    saved = settlement.settled_savings - settlement.deficit_brought
    if not settlement.payment and paid * saved > 0:
        return (
            f"clause 7.1: savings rate {settlement.savings_rate:.4%}, minimum "
            f"{settlement.minimum_savings_rate:.4%}, sharing rate {settlement.sharing_rate:.4g}"
        )
    if not paid:
        return "clause 10.4: nothing was paid"
    return f"paid is {paid / saved:.2%} of savings" if saved else "clause 6.2: nothing was saved"
