"""The region and its company on the page: the frame, who pays before the start, the components."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from sim.report import sections, tables, words
from sim.results import Results

NAMES = {
    "potential_analysis": "potential analysis",
    "concept": "concept",
    "implementation": "implementation",
}


def region(results: Results) -> str:
    """Write who lives there, who insures them, under which law, and what came before the start."""
    place: Mapping[str, Any] = results.config.get("region") or {}
    if "inhabitants" not in place:
        return ""
    insured, inhabitants = place["insured"], place["inhabitants"]
    insurers = ", ".join(
        f"{one['label']} ({words.percent(one['share'])})" for one in place["insurers"].values()
    )
    said = [
        f"{words.number(inhabitants, 0)} inhabitants, of whom {words.number(insured, 0)} "
        f"({words.percent(insured / inhabitants)}) are insured with {insurers}.",
        f"{place['legal_frame']}.",
        f"Before the first contract year: {'; '.join(_phase(place['phases'])) or 'nothing'}.",
    ]
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in said)


def components(results: Results) -> str:
    """Write what the company consists of beside its programmes, medians over the seeds."""
    rows = results.table("components")
    rows = rows[rows["arm"] == tables.WITH] if len(rows) else rows
    if rows.empty:
        return "<p>The company has no components.</p>"
    terms = (results.config.get("generation") or {}).get("components") or {}
    body = []
    for name in dict.fromkeys(rows["component"]):
        ours = rows[rows["component"] == name]
        grids = {
            column: tables.by_year(results, ours, [column])
            for column in ("posts", "reached", "cost")
        }
        one = terms.get(name) or {}
        total = {column: float(np.median(grid.sum(axis=1))) for column, grid in grids.items()}
        body.append(
            [
                str(one.get("label", name)),
                ", ".join(one.get("staffs") or []) or words.DASH,
                words.number(float(np.median(grids["posts"][:, -1])), 1),
                words.count(total["reached"]) if one.get("contact") else words.DASH,
                words.DASH
                if np.isnan(total["cost"])
                else words.number(total["cost"] / words.MILLION, 2),
            ]
        )
    head = ("Component", "channel", "posts", "came, all years", "cost, all years (M EUR)")
    return sections.table(
        head,
        body,
        "A channel is a way in which people are invited to programmes; physicians of the network "
        "are one, too. Medians over the seeds.",
        numbers=(2, 3, 4),
    )


def _phase(phases: Mapping[str, Any]) -> list[str]:
    """Say of every phase that takes time how long it is, what it costs and who pays."""
    said = []
    for name, phase in phases.items():
        if phase["months"]:
            cost = phase["cost"]["value"] if isinstance(phase["cost"], Mapping) else phase["cost"]
            funder = str(phase["funder"]).replace("_", " ")
            said.append(
                f"{NAMES[name]}, {phase['months']} months, {words.amount(cost, 'EUR')} of the "
                f"price year, paid by {funder}"
            )
    return said
