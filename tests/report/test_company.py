"""The region and its company on the page: frame, phases and components in words."""

from dataclasses import replace

import pandas as pd

from sim.report import company
from sim.results import Results
from sim.scenario import compose


def of(results: Results, *overrides: str) -> Results:
    return replace(results, config=compose(overrides).config)


def test_the_page_says_who_lives_there_under_which_law_and_what_came_before(
    results: Results,
) -> None:
    said = company.region(of(results, "region=saverne"))
    for words in (
        "89,000 inhabitants",
        "CPAM du Bas-Rhin",
        "article 51",
        "potential analysis, 12 months, 0.20\xa0M\xa0EUR",
        "paid by territoires innovation",
        "paid by integrator",
    ):
        assert words in said


def test_a_region_of_which_nothing_is_known_is_passed_over(results: Results) -> None:
    assert company.region(results) == ""
    assert company.components(results) == "<p>The company has no components.</p>"


def test_components_stand_with_channel_posts_and_cost(results: Results) -> None:
    keys = {"arm": "intervention", "seed": results.seeds[0], "year": results.first_year}
    line = {"posts": 4.0, "reached": 900, "contacts": 70, "enrolled": 9, "waiting": 0, "cost": 4e5}
    rows = pd.DataFrame([{**keys, "component": "health_kiosk", **line}])
    ours = of(replace(results, tables={"components": rows}), "generation=v2_0")
    said = company.components(replace(ours, seeds=ours.seeds[:1]))
    for words in ("Health kiosk", "kiosk", "900", "0.40"):
        assert words in said
