"""The page that says what each programme brings, to whom, alone and when left out."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from sim.report import attribution, drawing, sections, words
from sim.report.attribution import CONTRACT, INTERACTION, NETWORK, OTHERS, TOTAL
from sim.report.document import PAGE
from sim.report.drawing import BLUE, ORANGE
from sim.report.picture import Picture
from sim.results import Results

TEMPLATE = Path(__file__).with_name("attribution.html")
LINE = 0.36  # inches a part
NAMES = {
    CONTRACT: "Contract",
    attribution.BESIDE_CONTRACT: "Insurers, beside it",
    OTHERS: "Other insurers",
}


def page(results: Results, found: pd.DataFrame) -> str:
    """Write the page as one HTML file that loads nothing from elsewhere.

    `found` are mean savings and their standard errors by payer and part.
    """
    region: Mapping[str, Any] = results.config["region"]
    style = PAGE.read_text("utf-8").split("<style>")[1].split("</style>")[0]
    seeds = len(results.seeds)
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        style=style,
        title=escape(f"What each programme brings: {region['label']}"),
        subtitle=escape(
            f"Savings over {results.first_year}{words.DASH}{results.last_year}, "
            f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
        ),
        sentences="\n".join(f"<p>{escape(s)}</p>" for s in sentences(results, found)),
        picture=sections.picture(picture(results, found)),
        parts=parts(results, found),
        payers=payers(results, found),
    )


def sentences(results: Results, found: pd.DataFrame) -> list[str]:
    """Say what all save together, what alone would, and where the rest goes."""
    ours = _of(found, CONTRACT)
    total, together = ours.loc[TOTAL, "alone"], ours.loc[INTERACTION, "alone"]
    beside = found[(found["part"] == TOTAL) & ~found["payer"].isin([CONTRACT, OTHERS])]
    said = [
        f"In the contract, all together save {_money(total)}; of it "
        f"{_money(ours.loc[NETWORK, 'alone'])} come of the network and its components without any "
        f"programme. The programmes, each counted alone, differ by {_money(together)} from what "
        "they save together: the interaction.",
        f"Beside the contract {_money(beside['alone'].sum())} fall to other payers.",
    ]
    others = found[(found["payer"] == OTHERS) & (found["part"] == TOTAL)]
    if len(others):
        said.append(
            f"Insurers who did not sign would save {_money(others['alone'].iloc[0])}, if practices "
            "serve all their patients alike: not simulated, but carried over a head."
        )
    return said


def parts(results: Results, found: pd.DataFrame) -> str:
    """Write the parts of what the contract counts, with cost and participants beside."""
    ours, cost = _of(found, CONTRACT), attribution.spent(results)
    body = []
    for part, line in ours.iterrows():
        own = cost.loc[part] if part in cost.index else None
        body.append(
            [
                _label(results, str(part)),
                _spread(line["alone"], line["alone_se"]),
                _spread(line["left_out"], line["left_out_se"]),
                words.DASH if own is None else words.count(own["started"]),
                words.DASH if own is None else _money(own["cost"]),
            ]
        )
    return sections.table(
        ("Part", "saved alone", "saved when it is added last", "started", "cost"),
        body,
        "Savings of the contract's sectors, with the standard error over the seeds; each column "
        "adds up to the total.",
    )


def payers(results: Results, found: pd.DataFrame) -> str:
    """Write who saves how much of each part, counted alone."""
    wide = found.pivot_table("alone", "part", "payer", sort=False)
    named = results.config["region"].get("payers") or {}
    heads = [NAMES.get(p) or str((named.get(p) or {}).get("label", p)) for p in wide.columns]
    body = [
        [_label(results, str(part)), *(words.number(float(value), 0) for value in line)]
        for part, line in wide.iterrows()
    ]
    return sections.table(
        ("Part", *heads),
        body,
        "EUR, each part alone. What falls to others than the contract does not enter it. Insurers "
        "who did not sign are "
        "not simulated: what the network saves its insured is carried over to the other "
        "inhabitants a head.",
    )


def picture(results: Results, found: pd.DataFrame) -> Picture:
    """Draw every programme's savings alone and when it is added last."""
    with drawing.style("attribution"):
        return _drawn(results, _of(found, CONTRACT).drop(index=[TOTAL]))


def _drawn(results: Results, ours: pd.DataFrame) -> Picture:
    figure = drawing.sheet(1.3 + LINE * len(ours))
    axes = figure.subplots()
    large = ours[["alone", "left_out"]].abs().to_numpy().max() >= words.IN_MILLIONS_FROM
    scale, unit = (words.MILLION, "M EUR") if large else (1_000, "thousand EUR")
    axes.set_title(f"What each part saves in the contract, {unit}")
    places = range(len(ours))
    for column, shift, colour, marker, label in (
        ("alone", -0.14, BLUE, "o", "alone"),
        ("left_out", 0.14, ORANGE, "s", "added last"),
    ):
        values = ours[column].to_numpy(float) / scale
        errors = 2 * ours[f"{column}_se"].fillna(0.0).to_numpy(float) / scale
        at = [place + shift for place in places]
        axes.errorbar(values, at, xerr=errors, fmt=marker, color=colour, label=label, markersize=5)
    axes.set_yticks(list(places), [_label(results, str(part)) for part in ours.index])
    axes.invert_yaxis()
    drawing.zero(axes, upright=True)
    drawing.legend(axes)
    said = ", ".join(
        f"{_label(results, str(part))} {_money(line['alone'])}" for part, line in ours.iterrows()
    )
    return drawing.rendered(
        figure,
        "attribution",
        "What each part saves in the contract",
        "Means over the seeds; bars are two standard errors. Alone: beside network and components "
        "only. Added last: all less all but it.",
        f"Savings alone: {said}.",
    )


def _of(found: pd.DataFrame, payer: str) -> pd.DataFrame:
    return found[found["payer"] == payer].set_index("part")


def _label(results: Results, part: str) -> str:
    if part in (NETWORK, INTERACTION, TOTAL):
        return part.capitalize()
    return results.label("programmes", part)


def _money(value: float) -> str:
    return words.amount(float(value), "EUR")


def _spread(value: float, error: float) -> str:
    if pd.isna(error):
        return _money(value)
    return f"{_money(value)} ± {words.amount(float(error), 'EUR')}"
