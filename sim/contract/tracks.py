"""The tracks of the US programme: terms that a contract takes from a table by the track's name."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim import tables
from sim.contract.terms import Terms
from sim.quantity import Refusal, nearest

LIMITS = ("loss_limit", "loss_limit_second", "loss_limit_later")
BOUNDS = ("loss_share_low", "loss_share_high")
PLAIN = ("sharing_rate", "cap", "loss_share", "loss_limit_of_revenue")
COMPARE = "compare"
"""A key of a contract in conf that is no term: which rules a run measures beside the agreed one."""


def with_track(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return terms as conf has them, filled in from the table of tracks where they name one.

    What stands in conf goes first; quality is a factor on all tracks, the levy that of the year.
    """
    given = {name: term for name, term in given.items() if name != COMPARE}
    track = given.get("track")
    if track is None:
        return dict(given)
    frame = tables.table("mssp_tracks").set_index("track")
    if track not in frame.index:
        raise Refusal(
            f"contract.track is {track!r}, which conf/tables/mssp_tracks.csv does not have. "
            f"{nearest(str(track), list(frame.index))} Name one of its lines, or add one."
        )
    line = frame.loc[track].dropna().to_dict()
    found: dict[str, Any] = {name: line[name] for name in PLAIN if name in line}
    limits = [line[name] for name in LIMITS if name in line]
    if limits:
        found["loss_limit"] = limits
    if BOUNDS[0] in line:
        found["loss_share_bounds"] = [line[name] for name in BOUNDS]
    levies: pd.DataFrame = tables.table("mssp_levy")
    found["levy_from"] = dict(
        zip(levies["year"].tolist(), levies["levy"].astype(float).tolist(), strict=True)
    )
    return {"quality": "factor", **found, **given}


def terms_of(given: Mapping[str, Any]) -> Terms:
    """Return the validated terms of a contract as conf has them."""
    return Terms.model_validate(with_track(given))
