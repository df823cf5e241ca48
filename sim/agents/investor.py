"""Who carries the company until the first settlement: one agent for each instrument of the plan."""

import mesa

from sim.funding.cashbook import FINANCING, SURPLUS, Cashbook
from sim.funding.instruments import Instrument


class Investor(mesa.Agent):
    """A funder with one instrument: lender, grantor, insurers, partner, shareholder, bond holder.

    Rule: pay in what was agreed while the company is solvent; be paid in turn, by rank, as far
    as there is money. What that comes to is worked out in the company's till; here it is told.
    """

    def __init__(self, model: mesa.Model, terms: Instrument, book: Cashbook) -> None:
        super().__init__(model)
        self.terms = terms
        self.book = book
        self.funder = terms.funder
        self.kind = terms.kind
        self.committed = terms.lump_sum if terms.kind == "advance" else terms.amount
        self.paid_in = self.received = self.outstanding = 0.0

    def close_year(self, month: int, outstanding: float) -> None:
        """Add up what was paid in and received in the year that ends with `month`, EUR.

        `outstanding` is what the company still owes; shares and bonds are owed nothing.
        """
        flows = [
            self.book.moved(party, one, account)
            for party in self.parties
            for one in range(month - 11, month + 1)
            for account in sorted(FINANCING | SURPLUS)
        ]
        self.paid_in = round(sum(-flow for flow in flows if flow < 0), 2)
        self.received = round(sum(flow for flow in flows if flow > 0), 2)
        self.outstanding = outstanding

    @property
    def parties(self) -> list[str]:
        """As whom the cashbook knows it: an advance is that of all insurers."""
        if self.terms.kind != "advance":
            return [self.terms.party]
        return [party for party in self.book.parties() if party.startswith("insurer:")]
