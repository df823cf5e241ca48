"""A funder's term sheet: what was agreed, what came of it, and year by year - one printed page."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from sim.distribution import Distribution
from sim.funding.carried import Carried
from sim.funding.instruments import Instrument
from sim.funding.performance import Performance
from sim.report import words
from sim.report.picture import Picture
from sim.report.sections import picture, table

KINDS = {
    "grant": "Grant",
    "loan": "Loan",
    "advance": "Insurers' advance",
    "stake": "Silent stake",
    "equity": "Equity",
    "outcome_bond": "Outcome-based bond",
}
RATES = frozenset(
    {
        "interest", "fee", "commitment_fee", "share", "preferred_return", "profit_share",
        "set_off", "forgiven", "clawback", "spent", "protection",
    }
)  # fmt: skip
EUROS = frozenset({"amount", "lump_sum", "minimum_cash"})
DATES = frozenset(
    {
        "first_month", "until", "final_month", "month", "repaid_month", "exit_month",
        "clawback_month",
    }
)  # fmt: skip
STATES = {
    "found": "found",
    "no_sign_change": "nothing paid in",
    "total_loss": "total loss",
    "no_root": "no rate exists",
    "several_roots": "several rates exist",
    "borrowed": "paid before it paid in",
}


def name(one: Instrument) -> str:
    """What a funder is called on the page."""
    return one.funder.replace("_", " ").capitalize()


def sheet(
    one: Instrument, found: Performance, drawn: Picture, carried: Carried, first_year: int
) -> str:
    """Write the page of one funder."""
    title = f"{name(one)}: {KINDS[one.kind].lower()}"
    return (
        f'<section class="sheet"><h2>{escape(title)}</h2>'
        f"<p>{escape(_sentence(found))}</p>"
        f'<div class="columns"><div>{_terms(one, first_year)}</div>'
        f"<div>{_returns(found, first_year)}</div></div>"
        f"{picture(drawn)}{_covenants(one, carried, first_year)}</section>"
    )


def beside(found: Mapping[str, Performance]) -> str:
    """Write all funders beside each other; keys are their names."""
    rows = [
        (
            label,
            words.amount(one.paid_in["mean"], "EUR"),
            rate(one.irr),
            words.amount(one.present_value["p50"], "EUR"),
            multiple(one.multiple),
            words.percent(one.loss_probability),
            words.amount(one.expected_shortfall, "EUR"),
        )
        for label, one in found.items()
    ]
    head = ("Funder", "paid in, mean", "rate a year, median", "present value, median",
            "multiple, median", "loses money in", "expected shortfall")  # fmt: skip
    return table(
        head,
        rows,
        "Loses money: less comes back than was paid in. Expected shortfall: mean loss of present "
        "value in the worst tenth of the seeds; below zero even these gain. A grant is meant to be "
        "lost. Insurers: their advances alone, not what they save.",
    )


def rate(of: Distribution) -> str:
    """Write the median rate; where it is none, say so."""
    return "none" if of["p50"] is None else words.percent(of["p50"])


def multiple(of: Distribution) -> str:
    """Write the median multiple."""
    return words.DASH if of["p50"] is None else words.number(of["p50"], 2)


def _sentence(found: Performance) -> str:
    lost = found.loss_probability
    if found.paid_in["mean"] == 0:
        return "Nothing is paid in, in any seed: others came first, or nothing was missing."
    often = "always" if lost == 1 else "never" if lost == 0 else f"in {lost:.0%} of the seeds"
    return (
        f"Pays in {words.spread(found.paid_in, 'EUR')}; less than that comes back {often}. "
        f"In the worst tenth of the seeds the present value is, on average, a "
        f"{'loss' if found.expected_shortfall > 0 else 'gain'} of "
        f"{words.amount(abs(found.expected_shortfall), 'EUR')}."
    )


def _terms(one: Instrument, first_year: int) -> str:
    rows = [
        (label, value)
        for label, value in _lines(one.model_dump(), first_year)
        if label not in ("Kind", "Funder")
    ]
    return table(("Terms", ""), rows, "", numbers=())


def _lines(terms: Mapping[str, Any], first_year: int) -> Iterator[tuple[str, str]]:
    """Each term as a line; tranches and covenants below each other."""
    for key, value in terms.items():
        label = key.replace("_", " ").capitalize()
        if value is None:
            continue
        if key in ("tranches", "milestones"):
            for part in value:
                after = f", once {part['spent']:.0%} is spent" if part.get("spent") else ""
                yield (
                    words.month(part["month"], first_year).capitalize() + after,
                    words.amount(part["amount"], "EUR"),
                )
        elif isinstance(value, Mapping):
            for inner, text in _lines(value, first_year):
                yield f"{label}: {inner.lower()}", text
        else:
            yield label, _value(key, value, first_year)


def _value(key: str, value: Any, first_year: int) -> str:
    if key in EUROS:
        return words.amount(value, "EUR")
    if key in RATES:
        return words.percent(value)
    if key in DATES:
        return words.month(value, first_year)
    if key in ("grace", "term", "lag"):
        return f"{value}{words.SPACE}months"
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def _returns(found: Performance, first_year: int) -> str:
    def three(of: Distribution, write: Any) -> tuple[str, str, str]:
        low, middle, high = (write(of[one]) for one in ("p10", "p50", "p90"))
        return low, middle, high

    def euro(value: float | None) -> str:
        return words.DASH if value is None else words.amount(value, "EUR")

    def share(value: float | None) -> str:
        return "none" if value is None else words.percent(value)

    def times(value: float | None) -> str:
        return words.DASH if value is None else words.number(value, 2)

    def date(value: float | None) -> str:
        return "never" if value is None else words.number(value, 0)

    rows: Sequence[tuple[str, str, str, str]] = (
        ("Paid in", *three(found.paid_in, euro)),
        ("Gain or loss", *three(found.gain, euro)),
        ("Rate of return a year", *three(found.irr, share)),
        ("Present value", *three(found.present_value, euro)),
        ("Multiple", *three(found.multiple, times)),
        ("Payback, month", *three(found.payback, date)),
        ("Payback discounted, month", *three(found.discounted_payback, date)),
    )
    states = ", ".join(f"{STATES[state]} {count}" for state, count in found.states.items())
    return table(("Returns", "P10", "P50", "P90"), rows, f"Rates over the seeds: {states}.")


def _covenants(one: Instrument, carried: Carried, first_year: int) -> str:
    """Write in which years a covenant was not kept, and in how many seeds."""
    rows = [
        (str(first_year + month // 12 - 1), str(int(broken.sum())))
        for (party, month), broken in sorted(carried.solvency.breaches.items())
        if party == one.party and broken.any()
    ]
    if not rows:
        return ""
    seeds = carried.streams.seeds
    caption = f"Decembers in which a covenant was not kept, of {seeds} seeds."
    return table(("Year", "seeds"), rows, caption)
