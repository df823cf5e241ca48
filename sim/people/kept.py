"""The solved reference population on disk: shipped in conf/tables or kept in the user's cache.

It is recognised by a checksum of what it was solved from, the rules of solving among it; where
that differs, it is solved anew.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from sim import cache, tables
from sim.people.diseases import Diseases
from sim.people.factors import Factors
from sim.people.morbidity import Morbidity
from sim.people.reference import Reference, Targets, solve

ARRAYS = ("base", "replacing", "state", "frailty", "surviving", "recent", "past")
RULES = ("reference.py", "diseases.py")  # what decides a solution beside its inputs


def solution(
    diseases: Diseases, targets: Targets, raw: dict[str, Any], morbidity: Morbidity
) -> tuple[str, Reference]:
    """Checksum and reference population of these inputs: read where it is kept, else solved."""
    checksum = _checksum(targets, diseases.shapes, raw, morbidity)
    kept = cache.folder() / f"reference_{checksum}.npz"
    for path in (shipped(morbidity.country), kept):
        found = load(path, checksum, diseases.factors)
        if found is not None:
            return checksum, found
    solved = solve(diseases, targets, morbidity.reference_size, morbidity.reference_lives)
    save(kept, checksum, solved)
    return checksum, solved


def ship(country: str, checksum: str, reference: Reference) -> Path:
    """Write a solved reference population into conf/tables, with its checksum."""
    path = shipped(country)
    save(path, checksum, reference)
    return path


def shipped(name: str) -> Path:
    """Where the solution of a country lies in conf/tables."""
    return tables.conf_folder() / "tables" / f"reference_{name}.npz"


def _checksum(
    targets: Targets,
    shapes: dict[str, NDArray[np.float64]],
    raw: dict[str, Any],
    morbidity: Morbidity,
) -> str:
    """Identify everything the solution follows from: rules, tables, diseases, morbidity."""
    digest = hashlib.sha256()
    for name in RULES:
        digest.update((Path(__file__).parent / name).read_bytes())
    text = json.dumps(
        [raw, morbidity.model_dump(include=set(Morbidity.model_fields) - {"borrow"})],
        sort_keys=True,
        default=str,
    )
    digest.update(text.encode())
    arrays = {"mortality": targets.mortality, **targets.running}
    arrays |= {f"d {k}": v for k, v in targets.dying.items()}
    arrays |= {f"p {k}": v for k, v in targets.prevalence.items()}
    arrays |= {f"i {k}": v for k, v in targets.incidence.items()}
    arrays |= {f"s {k}": v for k, v in shapes.items()}
    for name in sorted(arrays):
        digest.update(name.encode() + np.round(arrays[name], 9).tobytes())
    return digest.hexdigest()[:16]


def load(path: Path, checksum: str, factors: Factors) -> Reference | None:
    """Read a solution; None where there is none, or where it is that of other inputs."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            if str(stored["checksum"]) != checksum:
                return None
            names = [p.name for p in factors.processes]
            events = dict(zip(names, stored["events"], strict=True))
            return Reference(**{name: stored[name] for name in ARRAYS}, events=events)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def save(path: Path, checksum: str, reference: Reference) -> None:
    """Keep a solution; that the cache cannot be written is no reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial.npz")
        np.savez_compressed(
            partial,
            checksum=checksum,
            **{name: getattr(reference, name) for name in ARRAYS},
            events=np.stack(list(reference.events.values())),
        )
        partial.replace(path)
    except OSError:
        return
