"""The five rules written a second time: plain loops over rows, from the contract's wording.

`years` is {year: rows}, rows are dicts as in `tests/oracle/contract.py` with `physician`; region 0
is the contract's. Answers are (benchmark, cost) in EUR/year.
"""

from fractions import Fraction
from math import hypot, inf, sqrt

from sim.randomness import decision, uniform
from tests.oracle.contract import allocation, band, norm_cost, spent


def prepared(years, sectors, truncation=None):
    """Rows with `paid` (EUR, cut off) and `norm` (EUR), and the weights, by year."""
    out, weights = {}, {}
    for year, rows in years.items():
        limit = inf if truncation is None else quantile(rows, sectors, truncation)
        cut = []
        for row in rows:
            months = Fraction(row["insured_months"], 12)
            paid = spent(row, sectors)
            paid = paid if limit == inf else min(paid, limit * months)
            cut.append({**row, "paid": paid, "time": months, "cost": [paid]})
        weights[year] = norm_cost(cut, [0])
        out[year] = [{**row, "norm": allocation(weights[year], row)} for row in cut]
    return out, weights


def quantile(rows, sectors, share):
    """Yearly cost in the comparison that `share` of insured time does not exceed."""
    there = [row for row in rows if row["region"] > 0]
    yearly = sorted(
        (spent(row, sectors) * 12 / row["insured_months"], row["insured_months"]) for row in there
    )
    whole, so_far = sum(months for _, months in yearly), 0
    for cost, months in yearly:
        so_far += months
        if so_far >= share * whole:
            return cost
    return yearly[-1][0]


def here(rows):
    return [row for row in rows if row["region"] == 0]


def elsewhere(rows):
    return [row for row in rows if row["region"] > 0]


def total(rows, name):
    return sum((row[name] for row in rows), Fraction(0))


def contribution_margin(years, sectors, start, year, baseline_years):
    seen, _ = prepared(years, sectors)
    ratios = []
    for before in range(start - baseline_years, start):
        rows = here(seen[before])
        ratios.append(total(rows, "paid") / total(rows, "norm"))
    rows = here(seen[year])
    return sum(ratios) / len(ratios) * total(rows, "norm"), total(rows, "paid")


def growth_rate(years, sectors, start, year, growth_years, end_years):
    seen, _ = prepared(years, sectors)

    def head(one):
        rows = here(seen[one])
        return float(total(rows, "paid") / total(rows, "time"))

    first_years = range(start - 1 - growth_years, start - 1 - growth_years + end_years)
    last_years = range(start - end_years, start)
    first = sum(head(one) for one in first_years) / end_years
    last = sum(head(one) for one in last_years) / end_years
    between = sum(last_years) / end_years - sum(first_years) / end_years
    growth = (last / first) ** (1 / between) - 1
    rows = here(seen[year])
    ahead = year - sum(last_years) / end_years
    return float(total(rows, "time")) * last * (1 + growth) ** ahead, total(rows, "paid")


def blended(years, sectors, start, year, terms):
    seen, _ = prepared(years, sectors, terms.truncation)

    def nation(one):
        rows = elsewhere(seen[one])
        return total(rows, "paid") / total(rows, "time")

    def average_norm(one):
        rows = elsewhere(seen[one])
        return total(rows, "norm") / total(rows, "time")

    def around(one):
        rows = [row for row in elsewhere(seen[one]) if row["region"] <= terms.surroundings]
        return total(rows, "paid") / total(rows, "norm") * average_norm(one)

    def risk(one):
        rows = here(seen[one])
        return total(rows, "norm") / total(rows, "time") / average_norm(one)

    share = Fraction(terms.regional_growth_weight)

    def growth(one, then):
        return (1 - share) * nation(then) / nation(one) + share * around(then) / around(one)

    base = [start - 3, start - 2, start - 1]
    weights = [
        terms.weight_of_third_year_before,
        terms.weight_of_second_year_before,
        terms.weight_of_year_before,
    ]
    level = Fraction(0)
    for one, weight in zip(base, weights, strict=True):
        rows = here(seen[one])
        head = total(rows, "paid") / total(rows, "time")
        level += Fraction(weight) * head * growth(one, start - 1) * risk(start - 1) / risk(one)
    gap = around(start - 1) * risk(start - 1) - level
    pull = gap * Fraction(terms.regional_weight_below if gap > 0 else terms.regional_weight_above)
    pull = min(pull, Fraction(terms.regional_adjustment_cap) * nation(start - 1))
    pull = max(pull, -Fraction(terms.regional_adjustment_floor) * nation(start - 1))
    cap = Fraction(terms.risk_ratio_cap)
    ratio = max(min(risk(year) / risk(start - 1), 1 + cap), 1 - cap)
    rows = here(seen[year])
    benchmark = total(rows, "time") * (level + pull) * ratio * growth(start - 1, year)
    return benchmark, total(rows, "paid")


def ipep(years, sectors, year, terms):
    seen, _ = prepared(years, sectors)
    now, then = (
        [row for row in here(seen[one]) if row["physician"] > 0] for one in (year, year - 1)
    )
    level = total(now, "norm") - total(now, "paid")
    grown = total(then, "paid") / total(then, "norm") * total(now, "norm")
    evolution = grown - total(now, "paid")
    gained = Fraction(0)
    if level > 0:
        gained += Fraction(terms.level_weight) * level
    if evolution > 0:
        gained += Fraction(terms.evolution_weight) * evolution
    return total(now, "paid") + gained, total(now, "paid")


def pairs_of(seen, weights, year, terms):
    """Pairs of a year as (row of the region, row elsewhere): brute force over everybody."""
    first, second = here(seen[year]), elsewhere(seen[year])
    worth = {}
    for bit in range(32):
        time = sum(row["time"] for row in second if row["documented"] >> bit & 1)
        worth[bit] = time * weights[year]["diagnosis", bit]
    main = sorted((bit for bit in worth if worth[bit] > 0), key=lambda bit: (-worth[bit], bit))
    main = main[: terms.main_conditions]

    def stratum(row):
        conditions = tuple(row["documented"] >> bit & 1 for bit in main)
        return row["sex"], band(row["age"]), row["newcomer"], conditions

    risks = [float(row["norm"] / row["time"]) for row in first]
    middle = sum(risks) / len(risks)
    spread = sqrt(sum((risk - middle) ** 2 for risk in risks) / len(risks)) or 1.0

    def place(row):
        luck = uniform(0, row["person"], decision("pair"), year)[0]
        return float(row["norm"] / row["time"]) / spread + luck * terms.caliper / 1000

    past, unit = {}, 1.0
    if terms.match_on_cost:
        past = {row["person"]: float(row["paid"] / row["time"]) for row in seen[year - 1]}
        costs = [past.get(row["person"], 0.0) for row in first]
        middle = sum(costs) / len(costs)
        unit = sqrt(sum((cost - middle) ** 2 for cost in costs) / len(costs)) or 1.0

    def before(row):
        return past.get(row["person"], 0.0) / unit

    def alike(one, other):
        known = one["person"] in past, other["person"] in past
        return stratum(one) == stratum(other) and known[0] == known[1]

    candidates = []
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            distance = hypot(place(one) - place(other), before(one) - before(other))
            if alike(one, other) and distance <= terms.caliper:
                candidates.append((distance, i, j))
    found, taken = {}, set()
    for _, i, j in sorted(candidates):
        if i not in found and (terms.replacement or j not in taken):
            found[i] = j
            taken.add(j)
    return [(first[i], second[j]) for i, j in sorted(found.items())]


def matched_pairs(years, sectors, start, year, terms):
    seen, weights = prepared(years, sectors)
    if terms.closed:
        drawn, now = pairs_of(seen, weights, start - 1, terms), []
        for one, other in drawn:
            later = [
                [row for row in seen[year] if row["person"] == side["person"]]
                for side in (one, other)
            ]
            if later[0] and later[1]:
                now.append((later[0][0], later[1][0]))
        then = [drawn]
    else:
        base = range(start - terms.baseline_years, start)
        then = [pairs_of(seen, weights, before, terms) for before in base]
        now = pairs_of(seen, weights, year, terms)

    def here_per_person(years_of_pairs):
        rows = [pair[0] for pairs in years_of_pairs for pair in pairs]
        return total(rows, "paid") / total(rows, "time")

    def there_per_person(years_of_pairs):
        paid = time = Fraction(0)
        for pairs in years_of_pairs:
            for low, high in zip(terms.ages, [*terms.ages[1:], 999], strict=True):
                group = [pair for pair in pairs if low <= pair[0]["age"] < high]
                if group:
                    own = total([pair[0] for pair in group], "time")
                    theirs = [pair[1] for pair in group]
                    paid += own * total(theirs, "paid") / total(theirs, "time")
                    time += own
        return paid / time

    own = [pair[0] for pair in now]
    before, pairs_before, pairs_now = (
        here_per_person(then), there_per_person(then), there_per_person([now])
    )  # fmt: skip
    if terms.growth == "additive":
        per_person = before + pairs_now - pairs_before
    else:
        per_person = before * pairs_now / pairs_before
    return total(own, "time") * per_person, total(own, "paid")
