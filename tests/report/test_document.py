"""Promises of the page: nothing from elsewhere, every answer in words, disagreement not hidden."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from sim.report import tables
from sim.report.document import documents, screen
from sim.report.headline import headline, sentences
from sim.report.published import answers
from sim.results import Results, read, write

Build = Callable[..., Results]
VOID = {"meta", "link", "img", "br"}


class Outline(HTMLParser):
    """Checks that tags close in order, and collects what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.alts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attrs)
        self.loaded += [given[name] or "" for name in ("src", "href") if name in given]
        if tag == "img":
            self.alts.append(given.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page_of() -> Callable[[Results], str]:
    return lambda results: documents(results)["report.html"].decode()


@pytest.mark.parametrize(
    "kind",
    [{"seeds": 3, "years": 12}, {"seeds": 1, "years": 3}, {"seeds": 2, "years": 3, "idle": True}],
    ids=["several seeds", "one seed", "nothing moves"],
)
def test_the_page_is_whole_and_loads_nothing(
    a_run: Build, page_of: Callable[[Results], str], kind: dict[str, float]
) -> None:
    page, outline = page_of(a_run(**kind)), Outline()
    outline.feed(page)
    assert outline.open == []
    assert all(place.startswith(("data:", "#")) for place in outline.loaded)
    assert len(outline.alts) == 7
    assert all(outline.alts)
    assert not re.search(r"\bnan\b|\bNone\b|\$\w", re.sub(r"base64,[^\"]*", "", page))


def test_a_run_folder_holds_summary_page_and_figures_in_both_formats(
    a_run: Build, tmp_path: Path
) -> None:
    results = a_run(seeds=2, years=3)
    write(results, tmp_path / "run", documents(results))
    there = {str(path.relative_to(tmp_path / "run")) for path in (tmp_path / "run").rglob("*.*")}
    assert {"summary.json", "report.html", "manifest.json", "config.yaml"} <= there
    assert {"figures/savings.png", "figures/savings.svg"} <= there
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["seeds"] == [1, 2]


def test_the_report_of_a_folder_read_again_is_the_same(a_run: Build, tmp_path: Path) -> None:
    results = a_run(seeds=2, years=3)
    written = documents(results)
    write(results, tmp_path / "run", written)
    assert documents(read(tmp_path / "run")) == written


def test_the_page_shows_disagreement_with_publications(
    a_run: Build, page_of: Callable[[Results], str]
) -> None:
    page = page_of(a_run(seeds=3, effect=0.0))
    assert "above the range simulated for measured savings" in page
    assert "outside the horizon" in page
    assert "Larrain and Groene 2023" in page


def test_names_from_conf_cannot_break_the_page(
    a_run: Build, page_of: Callable[[Results], str]
) -> None:
    results = a_run(seeds=1, years=2)
    page = page_of(replace(results, config={"region": {"label": "<script>$x"}}))
    assert "<script>" not in page
    assert "&lt;script&gt;$x" in page


def test_the_headline_says_whether_when_and_how_sure(a_run: Build) -> None:
    summary = tables.summary(a_run(seeds=20))
    reached = 20 - summary["break_even"]["none"]
    assert headline(summary) == "The integrator probably does not break even."
    assert f"{reached} of 20 seeds" in sentences(summary)[0]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ({"seeds": 3, "effect": -0.1}, "The integrator does not break even."),
        ({"seeds": 3, "effect": 0.2}, "The integrator breaks even."),
        ({"seeds": 3, "years": 3, "idle": True}, "No money moves"),
    ],
)
def test_the_headline_knows_always_never_and_nothing(
    a_run: Build, kind: dict[str, float], said: str
) -> None:
    assert headline(tables.summary(a_run(**kind))).startswith(said)


def test_one_seed_says_that_nothing_is_sure(a_run: Build) -> None:
    said = " ".join(sentences(tables.summary(a_run(seeds=1, years=4))))
    assert "One seed gives figures without spread" in said


@pytest.mark.parametrize(
    ("effect", "target", "said"),
    [
        (0.03, 0.5, ["took 20 seeds", "less than the 50.0\xa0% asked for"]),
        (0.03, 1e-6, ["ended at 20, the most allowed (precision.max_seeds)", "not less than"]),
        (0.0, 0.5, ["ended at 20", "the mean of true savings is 0", "here 0\xa0EUR to 0\xa0EUR"]),
    ],
)
def test_seeds_auto_says_how_many_it_took_and_how_sure_that_is(
    a_run: Build, effect: float, target: float, said: list[str]
) -> None:
    given = a_run(seeds=20, years=3, effect=effect)
    asked = {"seeds": "auto", "precision": {"target": target, "max_seeds": 20, "batch": 10}}
    results = replace(given, config={**given.config, **asked})
    summary = tables.summary(results)
    sentence = next(text for text in sentences(summary) if text.startswith("seeds=auto "))
    assert "95\xa0% interval" in sentence
    console = Console(width=300, record=True)
    console.print(screen(summary, []))
    page = documents(results)["report.html"].decode()
    for words in said:
        assert words in sentence
    assert sentence in page
    shown = " ".join(console.export_text().replace("\xa0", " ").split())
    assert sentence.replace("\xa0", " ") in shown
    assert not any("seeds=auto" in text for text in sentences(tables.summary(given)))


def test_insurers_gain_measured_and_true_are_told_apart(a_run: Build) -> None:
    said = sentences(tables.summary(a_run(seeds=5)))[-1]
    assert "As the contract measures it, the insurers gain" in said
    assert "in truth they lose" in said


def test_the_screen_shows_quantiles_and_published_figures_in_eighty_columns(a_run: Build) -> None:
    results = a_run(seeds=5)
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(screen(tables.summary(results), answers(results)))
    text = shown.get()
    assert "P10" in text
    assert "146\u00a0EUR" in text
    assert "operator's" in text
    assert "outside the" in text
    assert "…" not in text


def test_the_page_says_how_to_get_the_same_numbers_again(
    a_run: Build, page_of: Callable[[Results], str]
) -> None:
    page = page_of(a_run(seeds=2, years=2))
    assert "<pre>python -m experiments.run seeds=2</pre>" in page
    assert "/somewhere" not in page


def test_a_run_in_which_nothing_was_written_down_still_has_a_report(
    a_run: Build, tmp_path: Path
) -> None:
    results = a_run(seeds=2, years=2)
    only = {name: results.tables[name] for name in ("population",)}
    bare = tables.beside_truth(replace(results, tables=only))
    written = documents(bare)
    write(bare, tmp_path / "run", written)
    assert documents(read(tmp_path / "run")) == written
    assert "No programme ran." in written["report.html"].decode()
