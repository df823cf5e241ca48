"""Whether the parts of a scenario fit together: names are selected, years within the tables.

Only what belongs to no single rule; the values of a rule are checked by the model beside it.
"""

from collections.abc import Iterator, Mapping
from math import inf, isclose
from typing import Any

from sim.precision import AUTO
from sim.quantity import nearest, written

PROCESSES = (
    "death",
    "other_admission",
    "avoidable_admission",
)  # what happens beside the diseases
SECTORS = ("physician", "drugs", "other", "long_term_care", "patient")  # of the running cost
LONGEST = 40  # contract years
PREPARATION = 120  # months, at most
MOST_SEEDS = 1_000_000
LARGEST_SEED = 2**63 - 1
ADDRESSES = ("tcp://", "tls://", "ucx://")
SHOWN = 3  # places that a message names


def complaints(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing that does not fit: key, value, allowed values, remedy."""
    yield from _about_seeds(scenario.get("seeds"))
    yield from _about_precision(scenario.get("precision") or {})
    yield from _about_counts(scenario)
    yield from _about_compute(scenario)
    yield from _about_cohort(scenario)
    yield from _about_years(scenario)
    yield from _about_months(scenario)
    yield from _about_countries(scenario)
    yield from _about_shares(scenario["region"])
    yield from _about_names(scenario)


def _about_seeds(seeds: Any) -> Iterator[str]:
    allowed = (
        f"Allowed is how many, 1 to {MOST_SEEDS}, as in seeds=20, or which, all different and "
        f"none negative or above {LARGEST_SEED}, as in seeds=[1,2,3], or seeds=auto for as many as "
        "precision asks for."
    )
    if isinstance(seeds, list):
        sound = all(_is_count(seed, 0, LARGEST_SEED) for seed in seeds) and seeds
        if not sound or len(set(seeds)) < len(seeds):
            yield f"seeds is {seeds}. {allowed}"
    elif seeds != AUTO and not _is_count(seeds, 1, MOST_SEEDS):
        yield f"seeds is {written(seeds)}. {allowed}"


def _about_precision(precision: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each term of seeds=auto that could never end it, or never begin."""
    target = precision.get("target", 1)
    if not (isinstance(target, int | float) and not isinstance(target, bool) and 0 < target < inf):
        yield (
            f"precision.target is {written(target)}. Allowed is a share of mean true savings above "
            "0, such as 0.05, below which the width of their 95 % interval is to fall."
        )
    for key in ("max_seeds", "batch"):
        number = precision.get(key, 2)
        if not _is_count(number, 2, MOST_SEEDS):
            yield (
                f"precision.{key} is {written(number)}. Allowed is a whole number of seeds, 2 to "
                f"{MOST_SEEDS}: one seed alone has no interval."
            )


def _about_counts(scenario: Mapping[str, Any]) -> Iterator[str]:
    population, out = scenario["population"], scenario.get("out")
    size, comparison = population.get("size"), population.get("comparison")
    if population.get("source") != "file" and not _is_count(size, least=1):
        yield (
            f"population.size is {written(size)}: nobody to simulate. Allowed is a whole number of "
            "persons, 1 or more; it is region.insured unless set."
        )
    if comparison is not None and not _is_count(comparison, least=1):
        yield (
            f"population.comparison is {written(comparison)}. Allowed is a whole number of "
            "persons, 1 or more, or null for population.comparison_ratio times population.size."
        )
    ratio = population.get("comparison_ratio")
    scaled = comparison is None and ratio is not None and _is_count(size, least=1)
    if scaled and not (0 < ratio < inf and round(size * ratio) >= 1):
        yield (
            f"population.comparison_ratio is {ratio}: nobody to compare {size} persons with. "
            "Allowed is a number that gives at least one person; it is 10 unless set."
        )
    smallest = (scenario.get("results") or {}).get("smallest_cell")
    if smallest is not None and not _is_count(smallest, least=1):
        yield (
            f"results.smallest_cell is {written(smallest)}. Allowed is a whole number of persons, "
            "1 or more; 1 leaves no cell empty."
        )
    if out is not None and (not isinstance(out, str) or not out):
        yield f"out is {written(out)}. Allowed is the path of a folder, or null for one of its own."


def _about_compute(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing that says badly where and how to compute."""
    compute = scenario["compute"]
    processes, address = compute.get("processes"), compute.get("address")
    deaths, patience = compute.get("deaths", 1), compute.get("patience", 1)
    if processes is not None and not _is_count(processes, least=1):
        yield (
            f"compute.processes is {written(processes)}. Allowed is a whole number, 1 or more, or "
            "null for one a core."
        )
    if address is not None and not str(address).startswith(ADDRESSES):
        yield (
            f"compute.address is {written(address)}. Allowed is the address of a Dask scheduler, "
            "such as tcp://10.0.0.1:8786, or null to start a cluster here."
        )
    if not _is_count(deaths, least=1):
        yield f"compute.deaths is {written(deaths)}. Allowed is a whole number, 1 or more."
    if isinstance(patience, bool) or not isinstance(patience, int | float) or not patience > 0:
        yield f"compute.patience is {written(patience)}. Allowed are seconds, more than 0."


def _about_cohort(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence where a cohort file lacks its path or persons, or a path its population."""
    population = scenario["population"]
    smallest = (scenario.get("results") or {}).get("smallest_cell")
    if population.get("source") == "file":
        path, size = population.get("path"), population.get("size")
        if isinstance(size, int) and isinstance(smallest, int) and 1 <= size < smallest:
            yield (
                f"population.path={path} has {size} persons, fewer than results.smallest_cell "
                f"({smallest}): nothing of them could be shown. Give a file of more, or lower "
                "results.smallest_cell if they may be shown."
            )
        if not isinstance(path, str) or not path:
            yield (
                f"population.path is {written(path)}. population=file reads the persons from a "
                "file: write population.path=cohort.parquet, or .csv."
            )
        return
    for key in ("path", "checksum"):
        if population.get(key) is not None:
            yield (
                f"population.{key} is {written(population[key])}, but the population is drawn "
                "from tables. Add population=file, or leave the key out."
            )


def _about_years(scenario: Mapping[str, Any]) -> Iterator[str]:
    region, population = scenario["region"], scenario["population"]
    years = scenario["horizon"].get("years")
    if not (_is_count(years, least=1) and years <= LONGEST):
        yield f"horizon.years is {written(years)}. Allowed are 1 to {LONGEST} contract years."
        return
    known = {
        "region.start_year": region.get("start_year"),
        "region.baseline_years": region.get("baseline_years"),
        "population.first_year": population.get("first_year"),
        "population.last_year": population.get("last_year"),
    }
    least = {"region.baseline_years": 2}
    wrong = [key for key, value in known.items() if not _is_count(value, least.get(key, 1))]
    for key in wrong:
        yield (
            f"{key} is {written(known[key])}. Allowed is a whole number of years, "
            f"{least.get(key, 1)} or more."
        )
    if wrong:
        return
    start, baseline, first, last = known.values()
    if first > last:
        yield (
            f"population.first_year is {first}, after population.last_year, {last}. "
            "Exchange them or correct one."
        )
    elif start - baseline < first:
        yield (
            f"region.start_year is {start} with region.baseline_years {baseline}: the history "
            f"begins in {start - baseline}, but trends carry the tables back only to {first} "
            f"(population.first_year). Start in {first + baseline} or later, or declare trends "
            "for earlier years in conf/population."
        )
    elif start > last:
        yield (
            f"region.start_year is {start}, but trends carry the tables only to {last} "
            f"(population.last_year). Start in {last} or earlier, or declare later trends in "
            "conf/population."
        )
    elif start + years - 1 > last:
        yield (
            f"horizon.years is {years} from {start}, to the end of {start + years - 1}, but "
            f"trends carry the tables only to {last} (population.last_year). Allowed are up to "
            f"{last - start + 1} years, or declare later trends in conf/population."
        )

    for key in ("price_year", "table_year"):
        year = population.get(key, first)
        if first <= last and not first <= year <= last:
            yield (
                f"population.{key} is {year}, but trends hold from {first} to {last} "
                "(population.first_year, last_year). Allowed is a year among these."
            )


def _about_months(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for a preparation or a loan that lies far from the contract."""
    months, years = scenario["region"].get("preparation_months", 0), scenario["horizon"]["years"]
    if not _is_count(months, 0, PREPARATION):
        yield (
            f"region.preparation_months is {written(months)}. Allowed are 0 to {PREPARATION} "
            "months before the contract."
        )
    if not _is_count(years, 1, LONGEST):
        return
    for place, part in enumerate((scenario.get("funding") or {}).get("instruments") or []):
        month = part.get("first_month", 1)
        if not (isinstance(month, int) and -PREPARATION < month <= 12 * years):
            yield (
                f"funding.instruments.{place}.first_month is {written(month)}. Allowed is a "
                f"month from {1 - PREPARATION} to {12 * years}, the last of the contract; month 1 "
                "is its first, and preparation comes before it."
            )


def _about_countries(scenario: Mapping[str, Any]) -> Iterator[str]:
    law = (scenario.get("law") or {}).get("country")
    region, population = (scenario[group].get("country") for group in ("region", "population"))
    if law not in (None, region):
        yield (
            f"law.country is {law!r}, but region.country is {region!r}. Choose law={region}, or "
            "let the region choose it in its defaults."
        )
    if region != population:
        yield (
            f"region.country is {region!r}, but population.country is {population!r}: "
            "rates, costs and the people of a region are of one country. Give both the same, which "
            "has its rows in conf/tables; population=file is of Germany, a cohort file elsewhere "
            "is population=COUNTRY population.source=file population.path=FILE."
        )


def _about_shares(region: Mapping[str, Any]) -> Iterator[str]:
    insurers = region.get("insurers") or {}
    shares = {
        "region.insurers.*.share": [part.get("share") for part in insurers.values()],
        "region.deprivation": list(region.get("deprivation") or []),
    }
    for key, parts in shares.items():
        sound = all(isinstance(part, int | float) and part >= 0 for part in parts)
        if not sound or not isclose(sum(parts), 1, abs_tol=1e-9):
            yield f"{key} is {parts}. Allowed are shares, none negative, that add up to 1."


def _about_names(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each name of a disease, process or sector that is not there."""
    diseases = scenario["diseases"]
    known = {
        "a selected disease or a process": [*diseases, *PROCESSES],
        "a selected condition or risk factor": [
            name for name in diseases if diseases[name].get("kind") != "event"
        ],
        "a sector": list(SECTORS),
    }
    places: dict[tuple[str, str], list[str]] = {}
    for place, word, kind in _named(scenario):
        if word not in known[kind]:
            places.setdefault((word, kind), []).append(place)
    for (word, kind), where in places.items():
        more = f" and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
        remedy = f"add {word} to diseases=[...], or " if kind != "a sector" else ""
        yield (
            f"{', '.join(where[:SHOWN])}{more}: {word} is not {kind}. "
            f"{nearest(word, known[kind])} Correct the name, {remedy}leave out what names it."
        )


def _named(scenario: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield place, name and the kind of thing the name must be, for all that names others."""
    kinds = {
        "hazard_ratio_of": "a selected disease or a process",
        "recent_hazard_ratio_of": "a selected disease or a process",
        "hazard_ratio_by_age": "a selected disease or a process",
        "remission_ratio_of": "a selected condition or risk factor",
        "requires": "a selected condition or risk factor",
        "brings": "a selected condition or risk factor",
        "cost_ratio_of": "a sector",
        "recent_cost_ratio_of": "a sector",
    }
    for group in ("diseases", "programmes"):
        for name, part in scenario[group].items():
            for key, kind in kinds.items():
                named = part.get(key) or []
                for word in [named] if isinstance(named, str) else named:
                    yield f"{key} in conf/{group}/{name}.yaml", str(word), kind
            for key in ("any_of", "all_of", "none_of"):
                for word in part.get("eligibility", {}).get(key) or []:
                    place = f"eligibility.{key} in conf/{group}/{name}.yaml"
                    yield place, str(word), "a selected condition or risk factor"


def _is_count(number: Any, least: int, most: float = inf) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= most
