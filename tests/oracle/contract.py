"""Norm cost written a second time: plain loops, exact fractions, no tricks.

Written from the contract's wording, not from `sim/contract`. Slow on purpose.
"""

from fractions import Fraction


def band(age):
    """Age band: 0, 1-4, then five years each, the last from 95."""
    bounds = [0, 1, *range(5, 100, 5)]
    return max(number for number, bound in enumerate(bounds) if age >= bound)


def regressors(row):
    """Names of the columns that are 1 for this row."""
    names = [("cell", row["sex"], band(row["age"]))]
    for bit in range(32):
        if row["documented"] & (1 << bit):
            names.append(("diagnosis", bit))
    return names


def norm_cost(rows, sectors):
    """Weights by name of column, EUR/person-year, exact; `rows` are dicts, cost by sector."""
    comparison = [row for row in rows if row["region"] > 0]
    documented = [row for row in comparison if not row["newcomer"]]
    columns = sorted({name for row in documented for name in regressors(row)})

    left = [[Fraction(0)] * len(columns) for _ in columns]
    right = [Fraction(0)] * len(columns)
    for row in documented:
        weight = Fraction(row["insured_months"], 12)
        annualised = spent(row, sectors) / weight
        present = [columns.index(name) for name in regressors(row)]
        for one in present:
            right[one] += weight * annualised
            for other in present:
                left[one][other] += weight
    solution = dict(zip(columns, gauss(left, right), strict=True))

    weights = {}
    for bit in range(32):
        weights["diagnosis", bit] = solution.get(("diagnosis", bit), Fraction(0))
    known = {name: value for name, value in solution.items() if name[0] == "cell"}
    means = {}
    for sex in (0, 1):
        for number in range(21):
            same = [row for row in comparison if (row["sex"], band(row["age"])) == (sex, number)]
            time = sum(Fraction(row["insured_months"], 12) for row in same)
            if time:
                means["mean", sex, number] = sum(spent(row, sectors) for row in same) / time
    for sex in (0, 1):
        for number in range(21):
            weights["cell", sex, number] = filled(known, "cell", sex, number)
            weights["newcomer", sex, number] = filled(means, "mean", sex, number)

    paid = sum(spent(row, sectors) for row in comparison)
    due = sum(allocation(weights, row) for row in comparison)
    scale = paid / due if due > 0 else Fraction(1)
    return {name: value * scale for name, value in weights.items()}


def spent(row, sectors):
    """Cost of a row in the sectors of the contract, EUR."""
    return sum(Fraction(float(row["cost"][sector])) for sector in sectors)


def gauss(left, right):
    """Solve a symmetric system; an unknown that the ones before it already explain is 0."""
    size = len(right)
    left = [line[:] for line in left]
    right = right[:]
    used = []
    for pivot in range(size):
        if left[pivot][pivot] == 0:
            continue
        used.append(pivot)
        for line in range(size):
            if line == pivot or left[line][pivot] == 0:
                continue
            factor = left[line][pivot] / left[pivot][pivot]
            left[line] = [a - factor * b for a, b in zip(left[line], left[pivot], strict=True)]
            right[line] -= factor * right[pivot]
    return [right[i] / left[i][i] if i in used else Fraction(0) for i in range(size)]


def filled(known, kind, sex, number):
    """Weight of a cell, or of the bands beside it where the comparison has nobody in it."""
    there = sorted(name[2] for name in known if name[1] == sex)
    if not there:
        sex = 1 - sex
        there = sorted(name[2] for name in known if name[1] == sex)
    if not there:
        return Fraction(0)
    if number <= there[0]:
        return known[kind, sex, there[0]]
    if number >= there[-1]:
        return known[kind, sex, there[-1]]
    below = max(band for band in there if band <= number)
    above = min(band for band in there if band >= number)
    if below == above:
        return known[kind, sex, number]
    way = Fraction(number - below, above - below)
    return (1 - way) * known[kind, sex, below] + way * known[kind, sex, above]


def allocation(weights, row):
    """What the insurer is allocated for a row, EUR."""
    cell = (row["sex"], band(row["age"]))
    if row["newcomer"]:
        norm = weights["newcomer", *cell]
    else:
        norm = weights["cell", *cell]
        for name in regressors(row)[1:]:
            norm += weights[name]
    return norm * Fraction(row["insured_months"], 12)
