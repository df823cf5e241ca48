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
REVERSIBLE = "a selected condition or risk factor that can end"
PHYSICIAN = "physician"  # channel of the network itself
CHANNELS = (
    PHYSICIAN,
    "pharmacy",
    "physiotherapist",
    "kiosk",
    "guide",
    "workplace",
    "school",
    "association",
    "commune",
    "app",
    "letter",
)  # ways in which people are reached
ACTS = (
    "hazard_ratio_of",
    "remission_ratio_of",
    "cost_ratio_of",
    "utility_ratio",
    "documentation_gain",
    "invites_to",
)  # what a programme may act on
LONGEST = 40  # contract years
PREPARATION = 120  # months, at most
MOST_SEEDS = 1_000_000
LARGEST_SEED = 2**63 - 1
SHOWN = 3  # places that a message names


def complaints(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing that does not fit: key, value, allowed values, remedy."""
    yield from _about_seeds(scenario.get("seeds"))
    yield from _about_precision(scenario.get("precision") or {})
    yield from _about_counts(scenario)
    yield from _about_cohort(scenario)
    yield from _about_years(scenario)
    yield from _about_months(scenario)
    yield from _about_countries(scenario)
    yield from _about_shares(scenario["region"])
    yield from _about_names(scenario)
    yield from _about_acting(scenario["programmes"])
    yield from _about_channels(scenario)
    yield from _about_components(scenario)


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
    processes = scenario["compute"].get("processes")
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
    if processes is not None and not _is_count(processes, least=1):
        yield (
            f"compute.processes is {written(processes)}. Allowed is a whole number, 1 or more, or "
            "null for one a core."
        )
    smallest = (scenario.get("results") or {}).get("smallest_cell")
    if smallest is not None and not _is_count(smallest, least=1):
        yield (
            f"results.smallest_cell is {written(smallest)}. Allowed is a whole number of persons, "
            "1 or more; 1 leaves no cell empty."
        )
    if out is not None and (not isinstance(out, str) or not out):
        yield f"out is {written(out)}. Allowed is the path of a folder, or null for one of its own."


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
    years = scenario["horizon"]["years"]
    phases = scenario["region"].get("phases") or {}
    for name, phase in phases.items():
        if not _is_count(phase.get("months"), 0, PREPARATION):
            yield (
                f"region.phases.{name}.months is {written(phase.get('months'))}. Allowed are 0 to "
                f"{PREPARATION} months before the contract."
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
    region, population = (scenario[group].get("country") for group in ("region", "population"))
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
        REVERSIBLE: [name for name in diseases if diseases[name].get("remission") is not None],
    }
    places: dict[tuple[str, str], list[str]] = {}
    for place, word, kind in _named(scenario):
        if word not in known[kind]:
            places.setdefault((word, kind), []).append(place)
    for (word, kind), where in places.items():
        more = f" and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
        add = kind != "a sector" and word not in diseases
        remedy = f"add {word} to diseases=[...], or " if add else ""
        yield (
            f"{', '.join(where[:SHOWN])}{more}: {word} is not {kind}. "
            f"{nearest(word, known[kind])} Correct the name, {remedy}leave out what names it."
        )


def _about_acting(programmes: Mapping[str, Any]) -> Iterator[str]:
    for name, programme in programmes.items():
        if not any(programme.get(key) not in (None, {}) for key in ACTS):
            yield (
                f"programmes.{name} in conf/programmes/{name}.yaml acts on nothing. Give it one of "
                f"{', '.join(ACTS)}, or leave the programme out."
            )


def _about_channels(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each channel that is none, and each programme that nobody can reach."""
    components = (scenario.get("generation") or {}).get("components") or {}
    staffed = {PHYSICIAN}
    for name, component in components.items():
        channels = component.get("staffs") or []
        key = f"generation.components.{name}.staffs in conf/generation"
        yield from _unknown_channels(key, channels)
        if component.get("posts", 1) > 0:
            staffed |= set(channels)
    for name, programme in scenario["programmes"].items():
        channels = programme.get("channels") or [PHYSICIAN]
        key = f"programmes.{name}.channels in conf/programmes/{name}.yaml"
        yield from _unknown_channels(key, channels)
        if set(channels) <= set(CHANNELS) - staffed:
            yield (
                f"{key} is {list(channels)}, which nobody staffs: this generation's components "
                f"staff {', '.join(sorted(staffed))}. Choose a generation with a component that "
                f"staffs {' or '.join(channels)} (a later one: generation=v3_0), add such a "
                "component to conf/generation, or add a channel to the programme."
            )


def _unknown_channels(key: str, channels: Any) -> Iterator[str]:
    for channel in channels:
        if channel not in CHANNELS:
            yield (
                f"{key}: {channel} is no channel. {nearest(str(channel), list(CHANNELS))} Correct "
                "the name."
            )


def _about_components(scenario: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each component that the region cannot have."""
    components = (scenario.get("generation") or {}).get("components") or {}
    for name in scenario["region"].get("excludes") or []:
        if name in components:
            yield (
                f"generation.components.{name} in conf/generation is needed by this generation, "
                f"but region.excludes in conf/region has {name}. Choose an earlier generation "
                f"(generation=v1_0), or take {name} off region.excludes."
            )


def _named(scenario: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield place, name and the kind of thing the name must be, for all that names others."""
    kinds = {
        "hazard_ratio_of": "a selected disease or a process",
        "recent_hazard_ratio_of": "a selected disease or a process",
        "hazard_ratio_by_age": "a selected disease or a process",
        "remission_ratio_of": REVERSIBLE,
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
            for word in part.get("eligibility", {}).get("recent_of") or []:
                place = f"eligibility.recent_of in conf/{group}/{name}.yaml"
                yield place, str(word), "a selected disease or a process"
    for name, part in ((scenario.get("generation") or {}).get("components") or {}).items():
        for key in ("hazard_ratio_of", "remission_ratio_of", "cost_ratio_of"):
            for word in part.get(key) or []:
                yield f"generation.components.{name}.{key}", str(word), kinds[key]


def _is_count(number: Any, least: int, most: float = inf) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= most
