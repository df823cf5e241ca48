"""The page for who lends, invests or gives: is it enough, when is it back, what breaks first."""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from sim.distribution import Distribution, distribution
from sim.funding import stress
from sim.funding.carried import Carried, carry
from sim.funding.cashbook import CENTS
from sim.funding.performance import (
    Performance,
    Project,
    funders,
    of_funders,
    of_project,
    present_values,
)
from sim.funding.statements import (
    Statement,
    balance_sheet,
    cash_flow,
    income,
    parties,
    sources_and_uses,
)
from sim.quantity import values
from sim.report import investor_plots, levers, term_sheet, words
from sim.report.business import carried as carried_again
from sim.report.picture import Picture
from sim.report.sections import picture, table
from sim.results import Results

PAGE = Path(__file__).with_name("investor.html")
EVENTS = {
    "arrears": "something is paid late",
    "breach": "a covenant is not kept",
    "default": "a loan is called in",
    "insolvency": "the company is insolvent",
    "recovery": "it recovers",
}


def rate_of(results: Results) -> float:
    """The rate at which money is discounted (1/year)."""
    return float(values(results.config)["valuation"]["discount_rate"])


def median_seed(carried: Carried, rate: float) -> int:
    """Place of the seed whose project has the net present value nearest the median.

    Of equally near ones it is the first.
    """
    worth = np.array(present_values(carried, rate))
    return int(np.argmin(np.abs(worth - np.median(worth))))


def documents(results: Results) -> dict[str, bytes]:
    """Return the page and the workbook of the investors: name -> bytes."""
    from sim.report import workbook

    carried, rate = carried_again(results), rate_of(results)
    seed = median_seed(carried, rate)
    return {
        "investor.html": page(results, carried, rate, seed).encode(),
        "model.xlsx": workbook.of_seed(
            carried, seed, rate, title(results, carried), results.seeds, results.first_year
        ),
    }


def title(results: Results, carried: Carried) -> str:
    """What page and workbook are of."""
    region = (results.config.get("region") or {}).get("label", "Integrated care")
    return f"{region}: {carried.plan.label or 'funding'}"


def page(results: Results, carried: Carried, rate: float, seed: int) -> str:
    """Write the investors' page."""
    project, found = of_project(carried, rate), of_funders(carried, rate)
    base, swings = levers.swings(results)
    named = {one.party: term_sheet.name(one) for one in carried.plan.instruments}
    year = results.first_year
    drawn = {
        party: investor_plots.funder_years(carried, party, f"funder_{place}", year)
        for place, party in enumerate(funders(carried))
    }
    by_party = {one.party: one for one in found}
    return Template(PAGE.read_text("utf-8")).substitute(
        title=escape(title(results, carried)),
        subtitle=escape(
            f"For investors, lenders and public funders; contract {results.first_year}"
            f"{words.DASH}{results.last_year}, {len(results.seeds)} seeds"
        ),
        sentences="\n".join(
            f"<p>{escape(one)}</p>" for one in sentences(results, carried, project, by_party)
        ),
        project=_project(project, year),
        j_curve=picture(investor_plots.j_curve(results, carried)),
        tornado=picture(investor_plots.tornado(base, swings, year)),
        stress=_stress(results, carried, rate),
        funders=term_sheet.beside(
            {named.get(party, party): one for party, one in by_party.items()}
        ),
        sheets="\n".join(
            term_sheet.sheet(one, by_party[one.party], drawn[one.party], carried, year)
            for one in carried.plan.instruments
        ),
        seed=str(results.seeds[seed]),
        books=_books(carried, seed, year),
        parties=_parties(carried),
        footer=escape(
            f"Amounts are nominal EUR of the year in which they fall. Present values are "
            f"discounted at {rate:.1%} a year to the end of month 0, the last before the contract. "
            "Rates are yearly and effective. Quantiles rank all seeds; one without a rate or a "
            "payback ranks as the worst. The page shows the luck of the seeds under the numbers "
            "of the configuration, not the uncertainty of these numbers."
        ),
    )


def pictures(results: Results) -> list[Picture]:
    """Return the fan and the tornado, for the folder of figures."""
    carried = carried_again(results)
    base, swings = levers.swings(results)
    return [
        investor_plots.j_curve(results, carried),
        investor_plots.tornado(base, swings, results.first_year),
    ]


def sentences(
    results: Results,
    carried: Carried,
    project: Project,
    found: Mapping[str, Performance],
) -> Iterable[str]:
    """Say how much is needed, whether it is enough, when it breaks even, and who loses."""
    seeds = len(results.seeds)
    need = project.peak_funding
    yield (
        f"The business needs {words.spread(need, 'EUR')} at its deepest point, before financing. "
        f"The plan commits {words.amount(carried.plan.committed, 'EUR')}."
    )
    sizing = results.manifest.get("sizing")
    if sizing and sizing["state"] == "found":
        yield (
            f"That size was found: the smallest with which the company survives in "
            f"{sizing['survival']:.0%} of the seeds."
        )
    elif sizing:
        yield "No size of this plan lets the company survive as often as asked for."
    survives = round(project.survival * seeds)
    even = project.break_even
    yield (
        f"The company is never insolvent in {survives} of {seeds} seeds. It breaks even in "
        f"{even['n'] - even['none']} of them"
        + (
            f", in the median in {words.month(even['p50'], results.first_year)}."
            if even["p50"]
            else "."
        )
    )
    losers = sorted(found.values(), key=lambda one: -one.expected_shortfall)
    worst = [one for one in losers if one.expected_shortfall > 0][:3]
    if worst:
        names = {one.party: term_sheet.name(one) for one in carried.plan.instruments}
        yield (
            "In the worst tenth of the seeds, on average, "
            + "; ".join(
                f"{names.get(one.party, one.party).lower()} lose "
                f"{words.amount(one.expected_shortfall, 'EUR')}"
                for one in worst
            )
            + " of present value."
        )
    left = distribution((carried.unpaid[-1] / CENTS).tolist())
    if left["mean"]:
        yield f"Suppliers still wait for {words.spread(left, 'EUR')} at the end of the book."


def _project(project: Project, first_year: int) -> str:
    found = project.performance

    def month(of: Distribution) -> tuple[str, ...]:
        return _three(of, lambda value: words.number(value, 0), "never")

    def amount(of: Distribution) -> tuple[str, ...]:
        return _three(of, lambda value: words.amount(value, "EUR"), words.DASH)

    def rate(of: Distribution) -> tuple[str, ...]:
        return _three(of, words.percent, "none")

    def ratio(of: Distribution) -> tuple[str, ...]:
        return _three(of, lambda value: words.number(value, 2), words.DASH)

    rows = [
        ("Break-even, month", *month(project.break_even), _none(project.break_even)),
        ("Break-even of cash, month", *month(project.cash_break_even),
         _none(project.cash_break_even)),
        ("Payback, month", *month(found.payback), _none(found.payback)),
        ("Payback discounted, month", *month(found.discounted_payback),
         _none(found.discounted_payback)),
        ("Peak funding", *amount(project.peak_funding), ""),
        ("reached in month", *month(project.peak_month), _none(project.peak_month)),
        ("Internal rate of return a year", *rate(found.irr), _none(found.irr)),
        ("Net present value", *amount(found.present_value), ""),
        ("Money back per euro", *ratio(found.multiple), _none(found.multiple)),
        ("Debt service cover, minimum", *ratio(project.cover_minimum),
         _none(project.cover_minimum)),
        ("Debt service cover, mean", *ratio(project.cover_average),
         _none(project.cover_average)),
    ]  # fmt: skip
    happened = "; ".join(
        f"{EVENTS[event]}: {count}" for event, count in project.events.items() if count
    )
    seeds = found.irr["n"]
    return table(
        ("", "P10", "P50", "P90", "seeds without"),
        rows,
        f"Of {seeds} seeds, at least once: {happened or 'nothing of the kind'}. Month 1 is "
        f"January {first_year}.",
    )


def _three(of: Distribution, write: Callable[[float], str], none: str) -> tuple[str, ...]:
    """P10, P50 and P90 in words."""
    return tuple(none if one is None else write(one) for one in (of["p10"], of["p50"], of["p90"]))


def _none(of: Distribution) -> str:
    return f"{of['none']} of {of['n']}" if of["none"] else ""


def _stress(results: Results, carried: Carried, rate: float) -> str:
    """Write what each stress case does, and what breaks first in it."""
    config = values(results.config)
    terms = stress.Stress.model_validate(config["valuation"]["stress"])
    largest = max(one["share"] for one in config["region"]["insurers"].values())
    rows = [_case("As simulated", carried, rate)]
    for name, case in stress.cases(terms, largest).items():
        again = carry(carried.plan, carried.law, case(carried.operations))
        rows.append(_case(name, again, rate))
    return table(
        ("Case", "survives in", "break-even, median month", "NPV of the project, median",
         "loss of all funders, mean", "what breaks first"),
        rows,
        "Each case changes one thing of what the company did and earned; nobody lives again, so "
        "what people and physicians would do otherwise is left out. What breaks first: of breach, "
        "default and insolvency the one that comes first in most seeds, with its median month.",
        numbers=range(1, 5),
    )  # fmt: skip


def _case(name: str, carried: Carried, rate: float) -> tuple[str, ...]:
    project = of_project(carried, rate)
    even = project.break_even["p50"]
    loss = -sum(one.gain["mean"] or 0.0 for one in of_funders(carried, rate))
    return (
        name,
        words.percent(project.survival),
        "never" if even is None else words.number(even, 0),
        words.amount(project.performance.present_value["p50"], "EUR"),
        words.amount(loss, "EUR"),
        first_break(carried),
    )


def first_break(carried: Carried) -> str:
    """Say which of breach, default and insolvency comes first in most seeds, and when.

    Something may be paid late without anything breaking; where nothing breaks, say that.
    """
    events = carried.solvency.events
    names = ("breach", "default", "insolvency")
    months = np.array([events[name] for name in names])  # type: ignore[index]
    first = months.min(axis=0)
    broken = first < np.iinfo(np.int64).max
    if not broken.any():
        return "nothing"
    which = months.argmin(axis=0)[broken]
    most = int(np.bincount(which, minlength=len(names)).argmax())
    when = float(np.median(first[broken][which == most]))
    return (
        f"{EVENTS[names[most]]}, month {words.number(when, 0)} "
        f"({int((which == most).sum())} of {len(first)})"
    )


def _books(carried: Carried, seed: int, first_year: int) -> str:
    parts = [
        ("Income", income(carried)),
        ("Cash flow", cash_flow(carried)),
        ("Balance sheet at the year's end", balance_sheet(carried)),
    ]
    found = [_statement(title, one, seed, first_year) for title, one in parts]
    sides = sources_and_uses(carried)
    rows = [
        (side.replace(":", " ").replace("_", " "), words.number(float(cents[seed]) / CENTS, 0))
        for side, cents in sides.items()
        if cents[seed]
    ]
    found.append(table(("Sources and uses over all years", "EUR"), rows, "Both sides are equal."))
    return "\n".join(found)


def _statement(title: str, one: Statement, seed: int, first_year: int) -> str:
    years = [str(first_year + year - 1) for year in one.years]
    rows = [
        (line.replace("_", " "), *(words.number(v / CENTS / 1000, 0) for v in cents[:, seed]))
        for line, cents in one.lines.items()
        if cents[:, seed].any()
    ]
    return table((title, *years), rows, "Thousand EUR, nominal.")


def _parties(carried: Carried) -> str:
    rows = []
    for party, accounts in parties(carried).items():
        total = sum(cents.mean() for cents in accounts.values()) / CENTS
        largest = max(accounts, key=lambda one: abs(accounts[one].mean()))
        rows.append(
            (
                party.replace(":", ": ").replace("_", " "),
                words.number(total, 0),
                f"{largest.replace('_', ' ')} {words.number(accounts[largest].mean() / CENTS, 0)}",
            )
        )
    return table(
        ("Party", "received less paid, EUR, mean of the seeds", "of which most is"),
        rows,
        "Over all parties this adds up to nothing: every euro has two ends. Suppliers hold what "
        "was spent on the business. Care itself, paid by insurers, is on the main page.",
        numbers=(1,),
    )
