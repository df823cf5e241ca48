"""How an audit is done, in sentences for its page."""

from experiments.auditing.plan import NONE, Disturbance, Grid, Plan


def notes(plan: Plan, grid: Grid) -> tuple[str, ...]:
    """Say what was lived, what was put on the claims, and how figures are read."""
    return (
        f"Each seed lives {grid.people:,} insured of a region for {plan.history_years} years "
        f"before the contract and {plan.contract_years} under it, and {grid.elsewhere:,} insured "
        "elsewhere in ten regions. Audited regions are drawn from these people: those of one size "
        "share nobody, those of different sizes do. All regions of a seed share the comparison, "
        f"which is {grid.ratio:g} times as large as the region.",
        "True savings are lived, not imposed: care lowers hazards of admission and the cost of "
        "drugs from the first contract day on, for the same people under the same luck. What "
        "counts is the rate that a region attains: cost with against cost without, over cost "
        "without.",
        "Disturbances come one at a time. Undisturbed, nothing drifts and no national shock comes, "
        "but regions of the comparison differ in level from the beginning, and people are born, "
        "move, change insurer and die as in the model. Prices, levels, drift, shocks and outliers "
        "are factors and amounts on claims, as they are in the model itself.",
        *(
            f"{one.label[:1].upper() + one.label[1:]}: {said(one)}."
            for name, one in plan.disturbances.items()
            if name != NONE and said(one)
        ),
        "Payments are those of each rule's own contract in conf/contract, settled year after year "
        "with what is carried over; fees are left out. A false payout is a contract year with a "
        "payment although nothing was saved; a missed one has none although something was.",
        "Monte Carlo errors treat seeds as independent, regions of a seed not. Errors estimated "
        "from few seeds reach further (Student's t), to be as sure as "
        f"{plan.placebo_errors:g} known ones. In the placebos the "
        "luck of cost that has nothing to do with health, whose mean is known, is taken out by "
        "regression; the bias is the same, its error smaller.",
        "A rule that looks at members' physicians alone looks at everybody here: all have one. "
        "Rules that refuse to measure, for lack of balanced pairs, say, are counted in errors.csv.",
    )


def said(one: Disturbance) -> str:
    """Say what a disturbance does, with its numbers."""
    parts = []
    if one.counted == "members":
        parts.append("from the start only those who have joined are counted, the robust first")
    elif one.effect_on == "members":
        parts.append("all insured count, but only those who have joined, the robust first, save")
    if one.documentation:
        parts.append(
            f"the share of diagnoses documented rises by {one.documentation:.1%} a year from the "
            "first contract year on, without anybody being iller"
        )
    if one.young_leaving:
        parts.append(
            f"a further {one.young_leaving:.0%} a year of those below {one.young_until} leave"
        )
    if one.switching:
        parts.append(f"a further {one.switching:.0%} of the insured a year leave, the robust first")
    if one.level != 1:
        parts.append(f"its level is {one.level:g} times that of its norm, before and after")
    if one.drift:
        parts.append(
            f"the level of every region wanders, {one.drift:.1%} a year (standard deviation)"
        )
    if one.comparison_ratio is not None:
        parts.append(f"{one.comparison_ratio:g} insured elsewhere for each of the region")
    if one.shock != 1:
        parts.append(
            f"from contract year {one.shock_from} on care costs {one.shock - 1:+.0%} everywhere"
        )
    if one.outlier_rate:
        parts.append(
            f"one in {1 / one.outlier_rate:,.0f} a year costs {one.outlier_cost:,.0f} EUR more"
        )
    if one.refilled:
        parts.append(
            f"{one.refilled:.0%} of the hospital cost avoided comes back with other patients of "
            "the region, so that less is truly saved"
        )
    if one.reform != 1:
        parts.append(
            f"from contract year {one.reform_from} on the region's allocation is {one.reform:g} "
            "times what it was"
        )
    return "; ".join(parts)
