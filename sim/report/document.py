"""The report as one page that needs nothing else, and its short form on the screen."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from sim.disclosure import smallest_cell
from sim.report import company, sections, tables, words
from sim.report.headline import FIGURES, headline, quantiles, sentences, surely
from sim.report.picture import Picture
from sim.report.published import Answer, answers
from sim.results import Results, published, to_json

PAGE = Path(__file__).with_name("page.html")


def documents(results: Results) -> dict[str, bytes]:
    """Return everything a run folder holds beside tables and settings: name -> bytes."""
    from sim.report import plots  # half a second of matplotlib, wanted only once a run is over

    summary, drawn = tables.summary(results), plots.pictures(results)
    files = {"summary.json": to_json(summary)}
    for picture in drawn:
        files[f"figures/{picture.name}.png"] = picture.png
        files[f"figures/{picture.name}.svg"] = picture.svg
    files["report.html"] = page(results, summary, drawn).encode()
    return files


def page(results: Results, summary: Mapping[str, Any], drawn: Sequence[Picture]) -> str:
    """Write the report as one HTML page that loads nothing from elsewhere."""
    seeds = len(results.seeds)
    shown, _ = published(results, smallest_cell(results.config))
    return Template(PAGE.read_text("utf-8")).substitute(
        title=escape(str((results.config.get("region") or {}).get("label", "Integrated care"))),
        subtitle=escape(
            f"Simulated contract, {results.first_year}{words.DASH}{results.last_year}; "
            f"experiment {results.experiment}, {seeds} {'seed' if seeds == 1 else 'seeds'}"
        ),
        headline=escape(headline(summary)),
        sentences="\n".join(
            f"<p>{escape(sentence)}</p>" for sentence in [*sentences(summary), *_caveat(results)]
        ),
        summary=sections.figures(summary),
        pictures="\n".join(sections.picture(picture) for picture in drawn),
        years=sections.years(results),
        settlement=sections.settlement(results),
        programmes=sections.programmes(shown),
        region=company.region(results),
        components=company.components(shown),
        published=sections.published(answers(results)),
        limits=sections.limits(results),
        again=sections.again(results),
        footer=escape(
            "Amounts are nominal EUR of the year in which they fall, undiscounted, of the "
            "contracting insurers' residents. Month 1 is the first month of the contract."
        ),
    )


def _caveat(results: Results) -> list[str]:
    """Say of a region what nobody may overlook: that it is an illustration, or a plan."""
    caveat = (results.config.get("region") or {}).get("caveat")
    return [str(caveat)] if caveat else []


def screen(summary: Mapping[str, Any], published: Sequence[Answer]) -> Table:
    """Return the figures as a table for the terminal, the published ones with their sources."""
    table = Table(title=headline(summary), title_justify="left", box=SIMPLE_HEAD)
    if len(summary["seeds"]) == 1:
        table.caption = "One seed: figures without spread."
    elif "precision" in summary:
        table.caption = surely(summary)
    table.add_column("Over the contract")
    for name in ("P10", "P50", "P90"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, (label, _) in FIGURES.items():
        table.add_row(label, *quantiles(name, summary[name], summary["first_year"]))
    for answer in published:
        figure = answer.figure
        table.add_row(Text(f"\n{figure.title}", "bold"))
        source = Text.assemble("  published ", (figure.source, "dim"))
        table.add_row(source, "", figure.written(figure.value), "")
        if answer.caution:
            table.add_row(Text(f"  {answer.caution}", "yellow"))
        for label, cells in answer.rows() or [("simulated: outside the horizon", ("", "", ""))]:
            table.add_row(f"  {label}", *cells)
    return table
