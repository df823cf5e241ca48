"""Promises of the figures: both formats, the same bytes, words beside them, one seed too."""

import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib as mpl
import pytest

from sim.report.plots import pictures
from sim.results import Results

Build = Callable[..., Results]
NAMES = ["savings", "rules", "cash_curve", "break_even", "insurer_net", "reach", "published"]


@pytest.mark.parametrize(
    "kind",
    [{"seeds": 3, "years": 12}, {"seeds": 1, "years": 3}, {"seeds": 2, "years": 3, "idle": True}],
    ids=["several seeds", "one seed", "nothing moves"],
)
def test_every_figure_is_a_png_and_an_svg_with_words(a_run: Build, kind: dict[str, int]) -> None:
    drawn = pictures(a_run(**kind))
    assert [picture.name for picture in drawn] == NAMES
    for picture in drawn:
        width, height = struct.unpack(">II", picture.png[16:24])
        assert picture.png.startswith(b"\x89PNG")
        assert width >= 1000
        assert height >= 250
        assert ET.fromstring(picture.svg).tag.endswith("svg")
        assert picture.title
        assert picture.alt.endswith(".")
        assert picture.caption.endswith(".")


def test_the_same_run_gives_the_same_bytes(a_run: Build) -> None:
    one, two = (pictures(a_run(seeds=2, years=3)) for _ in range(2))
    assert one == two


def test_drawing_changes_no_setting_and_heeds_none(a_run: Build) -> None:
    plain = pictures(a_run(seeds=1, years=2))[0]
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        before = dict(mpl.rcParams)
        assert pictures(a_run(seeds=1, years=2))[0] == plain
        assert dict(mpl.rcParams) == before


def test_one_seed_says_that_it_has_no_spread(a_run: Build) -> None:
    for picture in pictures(a_run(seeds=1, years=3)):
        assert "One seed: no spread." in picture.caption
        assert "P10" not in picture.caption


def test_never_is_told_of_break_even(a_run: Build) -> None:
    (picture,) = [one for one in pictures(a_run(seeds=2, years=3)) if one.name == "break_even"]
    assert "0 of 2 seeds break even, 2 never do" in picture.alt


def test_figures_hold_no_date(a_run: Build) -> None:
    for picture in pictures(a_run(seeds=1, years=2)):
        assert b"dc:date" not in picture.svg
        assert b"Software" not in picture.png
