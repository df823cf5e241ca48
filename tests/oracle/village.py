"""A person's life written a second time: one person at a time, in plain Python, slowly.

Nothing here comes from `sim`, luck included; numbers are rounded to single precision where the
model keeps single precision, so the two must agree to the bit.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from tests.oracle.luck import single, threshold, uniform

NEVER = 32_000
SICKNESS = ("condition", "risk_factor", "event")


@dataclass
class World:
    """What all villagers share: tables as nested lists or arrays, read one number at a time."""

    seed: int
    first_month: int
    start_year: int
    processes: list[dict[str, Any]]
    rates: dict[str, int]
    accounts: tuple[str, ...]
    base: Any  # [sex][age][rate] per year, in the year of the tables
    replacing: Any  # [sex][age][rate], share of an incidence that makes up for deaths
    trend: Mapping[int, Any]  # year -> [rate]
    leaving: Any  # [sex][age] per year
    by_state: Any
    by_recent: Any
    by_group: Any
    by_intensity: Any
    by_region: Any
    by_physician: Mapping[int, Any]  # year -> [practice][rate]
    by_participation: Mapping[int, Any]  # month from which it holds -> [line][rate]
    specs: dict[str, dict[str, Any]]
    shapes: dict[str, Any]
    case_cost: Any
    size_sd: float
    near_death: Any
    near_death_by_age: Any
    dearness: Any
    lethality: Mapping[int, float]  # year -> factor on case fatality
    baselines: dict[tuple[int, int, int], list[float]] = field(default_factory=dict)

    def baseline(self, year: int, sex: int, age: int) -> list[float]:
        """Baseline rates per month in a calendar year, single precision."""
        at = (year, sex, age)
        if at not in self.baselines:
            survival = float(self.trend[year][self.rates["death"]]) - 1.0
            lines = (self.base[sex][age], self.replacing[sex][age], self.trend[year])
            yearly = [
                float(rate) * max(1.0 + float(share) * survival, 0.0) * float(factor)
                for rate, share, factor in zip(*lines, strict=True)
            ]
            yearly[self.rates["leaving"]] = float(self.leaving[sex][age])
            self.baselines[at] = [single(rate / 12) for rate in yearly]
        return self.baselines[at]

    def fatality(self, name: str, age: int) -> float:
        """Chance that the onset or event kills at once."""
        spec = self.specs[name]
        shape = spec["case_fatality_by_age"]
        return min(spec["case_fatality"] * (float(self.shapes[shape][age]) if shape else 1.0), 1.0)

    def lines_of_participation(self, month: int) -> Any:
        """What participation multiplies in a month."""
        return self.by_participation[max(m for m in self.by_participation if m <= month)]


class Villager:
    """One person, from the month in which she enters to the end of the tale."""

    def __init__(self, world: World, address: int, drawn: Mapping[str, Any]) -> None:
        """`drawn`: what she is at the beginning - born, entered, sex, fifth, state and so on."""
        self.world, self.address = world, address
        self.drawn = drawn
        self.born, self.entered = drawn["born"], drawn["entered"]
        self.left, self.billed = NEVER, self.entered
        self.died = False
        self.state, self.recent = drawn["state"], drawn["recent"]
        self.participation = 0
        self.documented = self.diagnosed_so_far()
        self.documented_before = self.documented
        n = len(world.processes)
        self.remaining = [self.first_threshold(process) for process in world.processes]
        self.hazard = [0.0] * n
        self.occurrence = list(drawn["occurrence"])
        self.rate = [0.0] * (len(world.accounts) - 1)
        self.account = [0.0] * len(world.accounts)
        self.expiry: dict[int, list[int]] = {}
        self.forget_in_time()
        self.stale = False
        self.dearness = 1.0
        self.count: Counter[str] = Counter()
        self.log: list[tuple[int, str]] = []

    # What she brings along

    def luck(self, *names: str, occurrence: int = 0) -> float:
        return uniform(self.world.seed, self.address, names, occurrence)

    def bearing(self, *names: str, occurrence: int = 0) -> float:
        return threshold(self.world.seed, self.address, names, occurrence)

    def first_threshold(self, process: Mapping[str, Any]) -> float:
        name, kind = process["name"], process["kind"]
        if kind == "admission":
            return math.inf  # comes in January, or with her first year
        if kind == "event":
            return self.bearing("event", name)
        if kind in ("death", "leaving"):
            return self.bearing("life", name)
        if not self.has(process["bit"]):
            return self.bearing("onset", name)
        return self.bearing("remission", name) if process["remission"] else math.inf

    def diagnosed_so_far(self) -> int:
        seen = 0
        for process in self.world.processes:
            name = process["name"]
            if process["kind"] != "condition" or not self.has(process["bit"]):
                continue
            if self.luck("documented", name) < self.world.specs[name]["documented_share"]:
                seen |= 1 << process["bit"]
        return seen

    def forget_in_time(self) -> None:
        """What happened to her in the months before she came is recent for some months more."""
        for process in self.world.processes:
            if process["recent_bit"] >= 0 and self.recent >> process["recent_bit"] & 1:
                months = self.world.specs[process["name"]]["recent_months"]
                left = int(self.luck("first months left", process["name"]) * months)
                self.expiry.setdefault(self.entered + left, []).append(process["recent_bit"])

    def has(self, bit: int) -> bool:
        return bool(self.state >> bit & 1)

    def age(self, month: int) -> int:
        return min(max((month - self.born) // 12, 0), 100)

    def is_known(self, month: int) -> bool:
        """Whether the January of the year in which she enters has come."""
        years = (self.entered - self.world.first_month) // 12
        return month >= self.world.first_month + 12 * years

    def note(self, month: int, outcome: str) -> None:
        self.count[outcome] += 1
        self.log.append((month, outcome))

    # A month

    def live(self, month: int) -> None:
        """One month; January brings new luck of admissions, and practices a new line."""
        if not self.is_known(month):
            return
        if month % 12 == 1:
            if self.left > month:
                year = (month - 1) // 12 + 1000
                drawn = self.luck("dear year", occurrence=year)
                dearness = self.world.dearness
                self.dearness = float(dearness[int(drawn * len(dearness))])
                for slot, process in enumerate(self.world.processes):
                    if process["kind"] == "admission":
                        self.occurrence[slot] = 0
                        self.tempt_admission(slot, month)
            if month == self.world.first_month or self.drawn["physician"]:
                self.refresh(month)
        if (month - self.born) % 12 == 0 or month == self.entered or self.stale:
            self.refresh(month)
        self.stale = False
        due = []
        for slot in range(len(self.remaining)):
            self.remaining[slot] = single(self.remaining[slot] - self.hazard[slot])
            if self.remaining[slot] <= 0:
                due.append(slot)
        self.pay_for_dying(month)
        self.go(due, month)
        self.fall_ill(due, month)
        self.be_admitted(due, month)

    def refresh(self, month: int) -> None:
        """Pay up to the start of the month, then see which rates hold from now on."""
        self.pay_until(month)
        if self.entered > month or self.left <= month:
            return
        world, drawn, age = self.world, self.drawn, self.age(month)
        year = world.start_year + (month - 1) // 12
        had_birthday = (self.born - 1) % 12 <= (month - 1) % 12
        baseline = world.baseline(year if had_birthday else year - 1, drawn["sex"], age)
        always = [
            world.by_group[drawn["frailty"] * 5 + drawn["fifth"]],
            world.by_region[drawn["region"]],
            world.by_intensity[drawn["intensity"]],
        ]
        now = [world.by_state[bit][age] for bit in range(32) if self.state >> bit & 1]
        now += [world.by_recent[bit] for bit in range(32) if self.recent >> bit & 1]
        if drawn["physician"]:
            now.append(world.by_physician[year][drawn["physician"]])
        if self.participation:
            now.append(world.lines_of_participation(month)[self.participation])
        found = []
        for place, rate in enumerate(baseline):
            for line in (*always, *now):
                rate = single(rate * float(line[place]))
            found.append(rate)
        for slot, process in enumerate(world.processes):
            name, bit, needed = process["name"], process["bit"], process["requires"]
            self.hazard[slot] = found[world.rates[name]]
            if bit >= 0 and self.has(bit):
                back = f"{name}.remission"
                self.hazard[slot] = found[world.rates[back]] if process["remission"] else 0.0
            if needed >= 0 and not self.has(needed):
                self.hazard[slot] = 0.0
        self.rate = [found[world.rates[account]] for account in world.accounts[1:]]

    def pay_until(self, month: int) -> None:
        until = min(self.left, month)
        if self.billed < until:
            for i, rate in enumerate(self.rate):
                amount = single(rate * (until - self.billed))
                if self.world.accounts[i + 1] in ("drugs", "other"):
                    amount = single(amount * self.dearness)
                self.account[i + 1] = single(self.account[i + 1] + amount)
            self.billed = until

    def pay_for_dying(self, month: int) -> None:
        """The dear months begin when less than twelve are to be expected."""
        death = next(i for i, p in enumerate(self.world.processes) if p["kind"] == "death")
        if not self.remaining[death] <= single(11 * self.hazard[death]):
            return
        ahead = math.ceil(single(self.remaining[death] / self.hazard[death]))
        by_age = float(self.world.near_death_by_age[self.drawn["sex"]][self.age(month)])
        for i, cost in enumerate(self.world.near_death[min(max(ahead, 0), 11)]):
            self.account[i] = single(self.account[i] + single(float(cost) * by_age))
        self.log.append((month, "dying billed"))

    def go(self, due: Sequence[int], month: int) -> None:
        for kind, outcome in (("death", "deaths"), ("leaving", "leavings")):
            for slot in due:
                if self.world.processes[slot]["kind"] == kind and self.left == NEVER:
                    self.leave(month)
                    self.died = kind == "death"
                    self.note(month, outcome)

    def leave(self, month: int) -> None:
        self.left = month + 1
        self.hazard = [0.0] * len(self.hazard)
        self.remaining = [math.inf] * len(self.remaining)

    def fall_ill(self, due: Sequence[int], month: int) -> None:
        """Onsets, events and remissions of who was still there when the month's deaths were."""
        for bit in self.expiry.pop(month, []):
            if not any(bit in bits for bits in self.expiry.values()):
                self.recent &= ~(1 << bit)
                self.stale = True
        if self.left != NEVER:
            return
        for slot in due:
            process = self.world.processes[slot]
            if process["kind"] not in SICKNESS:
                continue
            self.stale = True
            if process["kind"] == "event":
                self.strike(slot, month)
            elif not self.has(process["bit"]):
                self.begin(slot, month)
            elif process["remission"]:
                self.state &= ~(1 << process["bit"])
                times = self.occurrence[slot]
                self.remaining[slot] = self.bearing("onset", process["name"], occurrence=times)
                self.note(month, f"remission_{process['name']}")

    def begin(self, slot: int, month: int) -> None:
        process = self.world.processes[slot]
        name = process["name"]
        self.state |= 1 << process["bit"]
        self.occurrence[slot] += 1
        self.remaining[slot] = math.inf
        if process["remission"]:
            times = self.occurrence[slot]
            self.remaining[slot] = self.bearing("remission", name, occurrence=times)
        self.note(month, f"onset_{name}")
        if self.luck("documented", name) < self.world.specs[name]["documented_share"]:
            self.documented |= 1 << process["bit"]
        self.bear_the_rest(slot, month)

    def strike(self, slot: int, month: int) -> None:
        name = self.world.processes[slot]["name"]
        self.occurrence[slot] += 1
        self.remaining[slot] = self.bearing("event", name, occurrence=self.occurrence[slot])
        self.note(month, f"event_{name}")
        for brought in self.world.specs[name]["brings"]:
            at = next(i for i, p in enumerate(self.world.processes) if p["name"] == brought)
            if not self.has(self.world.processes[at]["bit"]):
                self.begin(at, month)
        self.bear_the_rest(slot, month)

    def bear_the_rest(self, slot: int, month: int) -> None:
        """The admission, the first months and the death that an onset or event brings."""
        process = self.world.processes[slot]
        spec = self.world.specs[process["name"]]
        if spec["admission_cost"]:
            self.account[0] = single(self.account[0] + single(spec["admission_cost"]))
            self.note(month, "admissions")
        if spec["recent_months"]:
            self.recent |= 1 << process["recent_bit"]
            until = month + spec["recent_months"]
            self.expiry.setdefault(until, []).append(process["recent_bit"])
        if spec["case_fatality"] and self.left == NEVER:
            times = self.occurrence[slot]
            drawn = self.luck("case_fatality", process["name"], occurrence=times)
            year = self.world.start_year + (month - 1) // 12
            place = float(self.world.by_region[self.drawn["region"]][self.world.rates["death"]])
            level = place * self.world.lethality[year]
            if drawn < self.world.fatality(process["name"], self.age(month)) * level:
                self.leave(month)
                self.died = True
                self.note(month, "deaths")

    def tempt_admission(self, slot: int, month: int) -> None:
        name = self.world.processes[slot]["name"]
        borne = self.bearing(name, occurrence=self.admission_code(slot, month))
        over = min(self.remaining[slot], 0.0)
        self.remaining[slot] = single(over + single(borne / self.dearness))

    def admission_code(self, slot: int, month: int) -> int:
        return ((month - 1) // 12 + 1000) * 256 + self.occurrence[slot]

    def be_admitted(self, due: Sequence[int], month: int) -> None:
        slots = [i for i, p in enumerate(self.world.processes) if p["kind"] == "admission"]
        if self.left != NEVER:
            if set(slots) & set(due):
                self.log.append((month, "gone before admission"))
            return
        kinds = [kind for kind, slot in enumerate(slots) if slot in due]
        while kinds:
            for kind in kinds:
                self.admit(kind, slots[kind], month)
            kinds = [kind for kind in kinds if self.remaining[slots[kind]] <= 0]

    def admit(self, kind: int, slot: int, month: int) -> None:
        name = self.world.processes[slot]["name"]
        code = self.admission_code(slot, month)
        size = NormalDist().inv_cdf(self.luck("size", name, occurrence=code))
        sd = self.world.size_sd
        mean = float(self.world.case_cost[kind][self.drawn["sex"]][self.age(month)])
        cost = single(mean * math.exp(sd * size - sd**2 / 2))
        self.account[0] = single(self.account[0] + cost)
        self.note(month, "admissions")
        if name == "avoidable_admission":
            self.note(month, "avoidable_admissions")
        self.occurrence[slot] = (self.occurrence[slot] + 1) % 256  # one byte holds it
        self.tempt_admission(slot, month)

    # A year

    def months_insured(self, december: int) -> int:
        return max(min(self.left, december + 1) - max(self.entered, december - 11), 0)

    def close_year(self, december: int) -> dict[str, Any]:
        """What of her year is to be seen in December; the accounts are empty afterwards."""
        if self.is_known(december):
            self.pay_until(december + 1)
        newcomer = self.entered >= december - 11 and self.entered != self.world.first_month
        year = {
            "insured_months": self.months_insured(december),
            "documented": 0 if newcomer else self.documented_before,
            "newcomer": newcomer,
            "count": self.count,
            "held": {
                "account": self.account,
                "documented": self.documented,
                "documented_before": self.documented_before,
            },
        }
        self.account = [0.0] * len(self.account)
        self.count = Counter()
        if self.is_known(december):
            self.documented_before = self.documented
            self.documented &= self.state  # of what is over nobody codes anything any more
        return year
