"""The company's books by year: income, cash flow, balance sheet, sources and uses; they tie.

A year ends with its December; year 1 is the first of the contract, 0 and below are preparation,
what comes after the contract is run-off. All lines are whole cents, float64 (years, seeds), and
tie to the cent in every seed: income, as it accrues, explains the change of the balance sheet,
and cash flow, as it is paid, the change of cash. Money that came in is above zero, what went
out below.

Income recognises shared savings in the year they are earned, with the bonus on them; grants, the
money of an outcome bond and what insurers forgive when they are received. Tax is that of the
year it is assessed for, on the result as cash.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sim.funding.carried import Carried
from sim.funding.cashbook import OPERATING
from sim.funding.instruments import MONTHS
from sim.funding.streams import Cents, Streams
from sim.funding.waterfall import COMPANY, PHYSICIANS, STATE, SUPPLIERS

FEES = frozenset({"management_fee", "investment_fee"})
COST = OPERATING - FEES - {"shared_savings", "bonus", "care", "allocation"}
PAID_OUT = frozenset({"preferred_return", "dividend", "liquidation"})


@dataclass(frozen=True)
class Statement:
    """A statement by year: lines and totals in the order of reading, cents (years, seeds)."""

    years: tuple[int, ...]
    lines: dict[str, Cents]

    def __getitem__(self, line: str) -> Cents:
        """Return one line."""
        return self.lines[line]


def years(carried: Carried) -> tuple[int, ...]:
    """Return the years of the book; the year of month 1 is 1."""
    first, last = carried.streams.first, carried.streams.last
    return tuple(range(-(-first // MONTHS), last // MONTHS + 1))


def income(carried: Carried) -> Statement:
    """What was earned and spent in each year, whenever it was paid; ends in the net income."""
    paid, dues = _Yearly(carried, carried.streams), _Yearly(carried, carried.dues)
    bonds = {bond.party for bond in carried.plan.bonds}
    grantors = {one.party for one in carried.plan.instruments if one.kind == "grant"}
    lines = {
        "shared_savings": dues.to_company({"shared_savings"}),
        "fees": paid.to_company(FEES),
        "cost": -paid.by_company(COST),
        "bonus": -dues.by_company({"bonus"}),
    }
    lines["operating_result"] = _sum(lines.values())
    rest = {
        "grants": paid.to_company({"grant"}) - dues.by_company({"clawback"}, grantors),
        "outcome_bonds": paid.to_company({"capital"}, bonds),
        "forgiven": dues.to_company({"forgiven"}),
        "interest_and_fees": -dues.by_company({"interest", "fee"}),
        "profit_shares": -dues.by_company({"profit_share"}),
        "profit_tax": -dues.by_company({"profit_tax"}),
        "reinvestment": -paid.by_company({"reinvestment"}),
    }
    net = lines["operating_result"] + _sum(rest.values())
    return Statement(years(carried), {**lines, **rest, "net_income": net})


def cash_flow(carried: Carried) -> Statement:
    """What was received and paid in each year; opening and closing cash."""
    paid = _Yearly(carried, carried.streams)
    both = {SUPPLIERS, PHYSICIANS}
    lines = {
        "shared_savings": paid.to_company({"shared_savings"}),
        "fees": paid.to_company(FEES),
        "cost": -paid.by_company(COST),
        "bonus": -paid.by_company({"bonus"}),
        "credit": paid.to_company({"credit"}, both) - paid.by_company({"credit_repaid"}, both),
        "profit_tax": -paid.by_company({"profit_tax"}),
    }
    lines["from_operations"] = _sum(lines.values())
    funding = {
        "capital": paid.to_company({"capital"}),
        "grants": paid.to_company({"grant"}),
        "advances": paid.to_company({"advance"}),
        "drawdowns": paid.to_company({"drawdown"}),
        "interest_and_fees": -paid.by_company({"interest", "fee"}),
        "repayments": -paid.by_company({"repayment"}),
        "set_off": -paid.by_company({"set_off"}),
        "clawback": -paid.by_company({"clawback"}),
        "profit_shares": -paid.by_company({"profit_share"}),
    }
    lines |= funding
    lines["from_funding"] = _sum(funding.values())
    lines["reinvestment"] = -paid.by_company({"reinvestment"})
    lines["distributions"] = -paid.by_company(PAID_OUT)
    change = lines["from_operations"] + lines["from_funding"]
    change = change + lines["reinvestment"] + lines["distributions"]
    closing = np.cumsum(change, axis=0)
    lines |= {"change": change, "opening": closing - change, "closing": closing}
    return Statement(years(carried), lines)


def balance_sheet(carried: Carried) -> Statement:
    """What the company has and owes at each year's end.

    Cash and debts are those of the waterfall; claims on insurers, accrued bonus, capital and
    retained income are added up from the books. That both sides are equal is a promise.
    """
    paid, dues = _Yearly(carried, carried.streams), _Yearly(carried, carried.dues)
    decembers = [MONTHS * year - carried.streams.first for year in years(carried)]
    receivable = dues.to_company({"shared_savings"}) - paid.to_company({"shared_savings"})
    accrued = dues.by_company({"bonus"}) - paid.by_company({"bonus"})
    funders = {one.party for one in carried.plan.instruments}
    owners = {one.party for one in carried.plan.instruments if one.kind == "equity"}
    lines = {
        "cash": carried.cash[decembers],
        "claims_on_insurers": np.cumsum(receivable, axis=0),
    }
    lines["assets"] = _sum(lines.values())
    nothing = np.zeros_like(lines["cash"])
    owed = {party: amounts[decembers] for party, amounts in carried.owed.items()}
    debts = {
        "suppliers": owed.get(SUPPLIERS, nothing),
        "physicians": owed.get(PHYSICIANS, nothing) + np.cumsum(accrued, axis=0),
        "tax": owed.get(STATE, nothing),
        "funders": _sum([nothing, *(owed[party] for party in sorted(funders & owed.keys()))]),
    }
    lines |= debts
    lines["debts"] = _sum(debts.values())
    lines["capital"] = np.cumsum(paid.to_company({"capital"}, owners), axis=0)
    kept = income(carried)["net_income"] - paid.by_company(PAID_OUT)
    lines["retained"] = np.cumsum(kept, axis=0)
    lines["debts_and_equity"] = lines["debts"] + lines["capital"] + lines["retained"]
    return Statement(years(carried), lines)


def sources_and_uses(carried: Carried) -> dict[str, Cents]:
    """Where the money came from and where it went over the whole book, cents (seeds,).

    Sources are named `from:` a party, uses `to:` one; what is left is `to:cash`. Both sums are
    equal.
    """
    found: dict[str, Cents] = {}
    for (payer, payee, _), cents in sorted(carried.streams.paid.items()):
        if COMPANY in (payer, payee):
            side = f"to:{payee}" if payer == COMPANY else f"from:{payer}"
            found[side] = found.get(side, 0.0) + cents.sum(axis=0)
    found["to:cash"] = carried.cash[-1]
    return found


def parties(carried: Carried) -> dict[str, dict[str, Cents]]:
    """What each party received less what it paid, by account, cents (seeds,).

    Over all parties every account adds up to nothing: transfers cancel.
    """
    found: dict[str, dict[str, Cents]] = {party: {} for party in carried.streams.parties()}
    for (payer, payee, account), cents in sorted(carried.streams.paid.items()):
        total = cents.sum(axis=0)
        for party, amount in ((payer, -total), (payee, total)):
            found[party][account] = found[party].get(account, 0.0) + amount
    return found


def real(statement: Statement, inflation: float, price_year: int) -> Statement:
    """Return the same lines in prices of a year of the book (`price_year`), as whole cents.

    `inflation` is that of consumers (1/year). Totals are deflated like their lines, so they tie
    but for the rounding. Balance sheets are not to be deflated: they are of their day.
    """
    powers = np.array(statement.years, np.float64) - price_year
    deflator = (1 + inflation) ** -powers[:, None]
    return Statement(
        statement.years,
        {name: np.rint(cents * deflator) for name, cents in statement.lines.items()},
    )


class _Yearly:
    """Sums of streams by year: to the company or by it, on some accounts, with some parties."""

    def __init__(self, carried: Carried, streams: Streams) -> None:
        self.streams = streams
        self.places = np.array([-(-month // MONTHS) for month in streams.months])
        self.places -= years(carried)[0]
        self.shape = (len(years(carried)), streams.seeds)

    def to_company(self, accounts: Iterable[str], parties: set[str] | None = None) -> Cents:
        """What the company had of them, cents (years, seeds)."""
        return self._sum(True, frozenset(accounts), parties)

    def by_company(self, accounts: Iterable[str], parties: set[str] | None = None) -> Cents:
        """What the company paid or came to owe of them, cents (years, seeds)."""
        return self._sum(False, frozenset(accounts), parties)

    def _sum(self, received: bool, accounts: frozenset[str], parties: set[str] | None) -> Cents:
        found = np.zeros(self.shape)
        for (payer, payee, account), cents in self.streams.paid.items():
            us, other = (payee, payer) if received else (payer, payee)
            if us == COMPANY and account in accounts and (parties is None or other in parties):
                np.add.at(found, self.places, cents)
        return found


def _sum(parts: Iterable[Cents]) -> Cents:
    first, *rest = parts
    return sum(rest, start=first)
