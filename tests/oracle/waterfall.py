"""The waterfall written a second time: one seed, whole cents as Python's integers, plain loops.

It reads the terms of a plan as a dictionary and keeps its books in dictionaries; it shares no
code with `sim.funding`. Rounding is to the nearest cent, a tie to the even one.
"""

from collections import defaultdict
from math import expm1, log1p
from typing import Any

Paid = dict[tuple[int, str, str, str], int]


def rounded(amount: float) -> int:
    """Whole cents of an amount in cents."""
    return round(amount)


class Company:
    """One company with all its funders, month by month."""

    def __init__(self, plan: dict[str, Any], law: dict[str, Any], last: int) -> None:
        self.plan, self.law, self.last = plan, law, last
        self.paid: Paid = defaultdict(int)
        self.cash = self.suppliers = self.physicians = self.tax = 0
        self.spent = self.kept = self.losses = self.taxable = self.year_result = self.gifts = 0
        self.assessed: dict[int, int] = {}
        self.history: list[tuple[int, int, int]] = []
        self.late = 0
        self.insolvent = self.defaulting = self.locked = False
        self.end: int | None = None
        self.events: dict[str, int] = {}
        self.books: list[dict[str, Any]] = []
        for one in plan["instruments"]:
            self.books.append({
                "terms": one, "out": 0, "drawn": 0, "od_i": 0, "od_r": 0, "due_f": 0, "due_i": 0,
                "due_r": 0, "called": False, "late": 0, "in": 0, "due": 0, "pref": 0,
                "sold": False, "got": 0, "waiting": [],
            })  # fmt: skip

    def kind(self, kind: str) -> list[dict[str, Any]]:
        """Books of all instruments of a kind."""
        return [book for book in self.books if book["terms"]["kind"] == kind]

    def party(self, terms: dict[str, Any]) -> str:
        """Who is behind an instrument."""
        if terms["kind"] == "advance":
            return "insurers"
        role = {
            "loan": "lender", "grant": "grantor", "stake": "partner", "equity": "shareholder",
            "outcome_bond": "investor",
        }[terms["kind"]]  # fmt: skip
        return f"{role}:{terms['funder']}"

    def move(self, month: int, payer: str, payee: str, account: str, amount: int) -> None:
        """Pay; the company's cash follows."""
        assert amount >= 0
        if amount:
            self.paid[month, payer, payee, account] += amount
        if payer == "integrator":
            self.cash -= amount
        if payee == "integrator":
            self.cash += amount

    def late_now(self) -> int:
        """All that somebody could sue for."""
        total = self.suppliers + self.tax
        for book in self.books:
            total += book["od_i"] + book["od_r"]
            if book["terms"]["kind"] in ("advance", "grant"):
                total += book["due"]
        return total

    def owing(self) -> int:
        """All debts."""
        total = self.suppliers + self.tax + self.physicians + sum(self.assessed.values())
        for book in self.books:
            kind = book["terms"]["kind"]
            if kind == "loan":
                total += book["out"] + book["od_i"]
            if kind == "advance":
                total += book["out"] + book["due"]
            if kind == "grant":
                total += book["due"]
            if kind == "stake":
                total += book["out"] + book["due_i"] + book["due_f"]
        return total

    def month(
        self, month: int, cost: int, fees: int, settled: dict[int, int], promised: dict[int, int],
        insured: float,
        outcomes: dict[str, dict[int, float]],
    ) -> None:  # fmt: skip
        """One month."""
        if self.end is not None and month >= self.end:
            cost = fees = 0
        able = not self.insolvent and not (self.end is not None and month >= self.end)
        vat = rounded(cost * (self.law["vat"] * self.law["vat_share"]))
        self.pay_in(month, insured, able)
        arrived = sum(
            amount for year, amount in settled.items() if self.end is None or self.end > 12 * year
        )
        self.move(month, "insurers", "integrator", "shared_savings", arrived)
        self.move(month, "insurers", "integrator", "management_fee", fees)
        kept = 0
        for book in self.kind("advance"):
            most = min(rounded(arrived * book["terms"]["set_off"]), arrived - kept)
            own = min(most, book["out"] + book["due"])
            first = min(own, book["due"])
            book["due"] -= first
            book["out"] -= own - first
            kept += own
            self.move(month, "integrator", "insurers", "set_off", own)
        bonus = sum(
            amount for year, amount in promised.items() if self.end is None or self.end > 12 * year
        )
        net = fees + arrived - cost - vat - bonus
        self.spent += cost + vat
        self.year_result += net
        self.taxable += net
        self.tax += self.assessed.pop(month, 0)
        service = self.fall_due(month)
        self.draw(month, cost + vat, able)
        tax = min(self.tax, self.cash)
        self.tax -= tax
        self.kept -= tax
        self.move(month, "integrator", "tax_office", "profit_tax", tax)
        self.move(month, "integrator", "suppliers", "overhead", cost)
        self.move(month, "integrator", "tax_office", "vat", vat)
        if self.cash < 0:
            self.suppliers -= self.cash
            self.move(month, "suppliers", "integrator", "credit", -self.cash)
        else:
            back = min(self.suppliers, self.cash)
            self.suppliers -= back
            self.move(month, "integrator", "suppliers", "credit_repaid", back)
        self.serve(month)
        self.move(month, "integrator", "physicians", "bonus", bonus)
        if self.cash < 0:
            self.physicians -= self.cash
            self.move(month, "physicians", "integrator", "credit", -self.cash)
        else:
            back = min(self.physicians, self.cash)
            self.physicians -= back
            self.move(month, "integrator", "physicians", "credit_repaid", back)
        self.reward(month, outcomes)
        self.history.append((net, net + bonus - kept - tax, service))
        self.judge(month)
        if month % 12 == 0:
            self.close(month)
        for book in self.kind("equity"):
            if book["terms"].get("exit_month") == month:
                result = sum(line[0] for line in self.history[-12:])
                worth = rounded(result * book["terms"]["exit_multiple"]) + self.cash - self.owing()
                price = rounded(max(worth, 0) * book["terms"]["share"])
                if self.insolvent or self.end is not None:
                    price = 0
                self.move(month, "buyer", self.party(book["terms"]), "exit", price)
                book["sold"], book["pref"] = True, 0
        if month == self.last:
            self.tax += sum(self.assessed.values())
            self.assessed = {}
            tax = min(self.tax, self.cash)
            self.tax -= tax
            self.move(month, "integrator", "tax_office", "profit_tax", tax)
            if self.kind("equity") and self.owing() == 0:
                self.prefer(month, self.cash)
                self.owners(month, "liquidation", self.cash)

    def pay_in(self, month: int, insured: float, able: bool) -> None:
        """What funders bring."""
        for book in self.books:
            terms = book["terms"]
            who = self.party(terms)
            if terms["kind"] == "grant":
                for stone in terms["milestones"]:
                    if stone["month"] == month:
                        book["waiting"].append(stone)
                for stone in list(book["waiting"]):
                    if able and self.spent >= rounded(book["in"] * stone.get("spent", 0)):
                        book["waiting"].remove(stone)
                        book["in"] += stone["amount"] * 100
                        self.gifts += stone["amount"] * 100
                        self.move(month, who, "integrator", "grant", stone["amount"] * 100)
            if terms["kind"] == "advance" and able:
                amount = 0
                if month == terms["first_month"]:
                    amount += rounded(terms.get("lump_sum", 0) * 100)
                if terms["first_month"] <= month <= terms["until"]:
                    amount += rounded(insured * terms.get("per_insured", 0) * 100)
                book["out"] += amount
                self.move(month, who, "integrator", "advance", amount)
            if terms["kind"] == "stake" and able and month == terms["month"]:
                book["out"] += terms["amount"] * 100
                self.move(month, who, "integrator", "capital", terms["amount"] * 100)
            if terms["kind"] == "equity" and not book["sold"]:
                run = book["in"] + book["pref"]
                book["pref"] += rounded(run * (terms.get("preferred_return", 0) / 12))
            if terms["kind"] in ("equity", "outcome_bond") and able:
                for part in terms["tranches"]:
                    if part["month"] == month:
                        book["in"] += part["amount"] * 100
                        self.move(month, who, "integrator", "capital", part["amount"] * 100)
                        if terms["kind"] == "outcome_bond":
                            self.gifts += part["amount"] * 100

    def fall_due(self, month: int) -> int:
        """What every debt asks for; what is new of the loans'."""
        new = 0
        for book in self.books:
            terms = book["terms"]
            if terms["kind"] == "loan":
                before = book["od_i"] + book["od_r"]
                self.loan_due(book, month - terms["first_month"])
                new += max(book["due_f"] + book["due_i"] + book["due_r"] - before, 0)
            if terms["kind"] == "grant" and terms.get("clawback"):
                last, claim = terms["clawback_month"], 0
                if month <= last and self.events.get("insolvency") == month - 1:
                    claim = rounded(book["in"] * terms["clawback"])
                if month == last:
                    unspent = max(book["in"] - self.spent, 0)
                    claim = max(claim, rounded(unspent * terms["clawback"]))
                    book["waiting"] = []
                book["due"] += claim
            if terms["kind"] == "advance" and month == terms["final_month"]:
                gift = rounded(book["out"] * terms["forgiven"])
                book["due"] += book["out"] - gift
                self.gifts += gift
                book["out"] = 0
            if terms["kind"] == "stake":
                if month > terms["month"]:
                    book["due_i"] += rounded(book["out"] * (terms["interest"] / 12))
                if month % 12 == 0 and self.year_result > 0 and book["out"]:
                    book["due_f"] += rounded(self.year_result * terms.get("profit_share", 0))
                if month >= terms["repaid_month"]:
                    book["due_r"] = book["out"]
        return new

    def loan_due(self, book: dict[str, Any], age: int) -> None:
        """Fee, interest and repayment of a loan."""
        terms = book["terms"]
        book["due_f"] = 0
        if age <= 0:
            return
        rate = terms["interest"] / 12
        if age <= terms["grace"] and not book["called"]:
            undrawn = terms["amount"] * 100 - book["drawn"]
            book["due_f"] = rounded(undrawn * (terms.get("commitment_fee", 0) / 12))
        interest = rounded((book["out"] + book["od_i"]) * rate)
        if (
            age <= terms["grace"]
            and terms.get("grace_interest") == "capitalised"
            and not book["called"]
        ):
            book["out"] += interest
            interest = 0
        book["due_i"] = book["od_i"] + interest
        left = terms["term"] - age + 1
        rest = book["out"] - book["od_r"]
        if book["called"]:
            book["due_r"] = book["out"]
        elif age <= terms["grace"]:
            book["due_r"] = book["od_r"]
        elif left <= 1:
            book["due_r"] = book["out"]
        elif terms.get("repayment", "linear") == "bullet":
            book["due_r"] = book["od_r"]
        elif terms.get("repayment", "linear") == "annuity" and rate:
            book["due_r"] = book["od_r"] + rounded(rest * (rate / expm1(left * log1p(rate))))
        else:
            book["due_r"] = book["od_r"] + rounded(rest / left)

    def draw(self, month: int, cost: int, able: bool) -> None:
        """Draw for what is missing, in order."""
        due = self.tax + self.suppliers + cost
        due += sum(book["due_f"] + book["due_i"] for book in self.kind("loan"))
        for book in self.kind("loan"):
            terms = book["terms"]
            if (
                not able
                or book["called"]
                or not 0 <= month - terms["first_month"] <= terms["grace"]
            ):
                continue
            need = round(max(due - self.cash, 0) / (1 - terms.get("fee", 0)), 6)
            gross = int(need) if need == int(need) else int(need) + 1
            lent = min(gross, terms["amount"] * 100 - book["drawn"])
            book["drawn"] += lent
            book["out"] += lent
            fee = rounded(lent * terms.get("fee", 0))
            self.taxable -= fee
            self.move(month, self.party(terms), "integrator", "drawdown", lent)
            self.move(month, "integrator", self.party(terms), "fee", fee)

    def serve(self, month: int) -> None:
        """Pay debts by rank."""
        self.repay(month, "senior")
        for kind in ("advance", "grant"):
            for book in self.kind(kind):
                paid = min(book["due"], self.cash)
                book["due"] -= paid
                if kind == "grant":
                    self.gifts -= paid
                self.move(month, "integrator", self.party(book["terms"]), "clawback", paid)
        self.repay(month, "subordinated")
        for book in self.kind("stake"):
            for due, account in (("due_i", "interest"), ("due_f", "profit_share")):
                paid = min(book[due], self.cash)
                book[due] -= paid
                self.taxable -= paid
                self.move(month, "integrator", self.party(book["terms"]), account, paid)
            paid = min(book["due_r"], self.cash)
            book["due_r"] -= paid
            book["out"] -= paid
            self.move(month, "integrator", self.party(book["terms"]), "repayment", paid)

    def repay(self, month: int, rank: str) -> None:
        """Pay the loans of a rank."""
        for book in self.kind("loan"):
            if book["terms"].get("rank", "senior") != rank:
                continue
            who = self.party(book["terms"])
            fee = min(book["due_f"], self.cash)
            self.move(month, "integrator", who, "fee", fee)
            interest = min(book["due_i"], self.cash)
            self.move(month, "integrator", who, "interest", interest)
            back = min(book["due_r"], self.cash)
            self.move(month, "integrator", who, "repayment", back)
            self.taxable -= fee + interest
            book["out"] -= back
            book["od_i"] = book["due_i"] - interest + book["due_f"] - fee
            book["od_r"] = book["due_r"] - back

    def reward(self, month: int, outcomes: dict[str, dict[int, float]]) -> None:
        """Pay the holders of outcome bonds."""
        for book in self.kind("outcome_bond"):
            terms = book["terms"]
            who, payer = self.party(terms), terms["commissioner"]
            for year, found in outcomes.get(terms["outcome"], {}).items():
                gone = self.end is not None and self.end <= 12 * year
                if book["in"] and not gone and month <= terms["final_month"]:
                    most = max(rounded(book["in"] * terms["cap"]) - book["got"], 0)
                    paid = min(rounded(max(found, 0) * terms["tariff"] * 100), most)
                    book["got"] += paid
                    self.move(month, payer, who, "outcome_payment", paid)
                    fee = rounded(terms.get("evaluation", 0) * 100)
                    self.move(month, payer, "evaluator", "evaluation", fee)
            if month == terms["final_month"]:
                gap = max(rounded(book["in"] * terms.get("protection", 0)) - book["got"], 0)
                book["got"] += gap
                self.move(month, terms["guarantor"], who, "protection", gap)

    def judge(self, month: int) -> None:
        """Events."""
        late = self.late_now() > 0
        if late:
            self.events.setdefault("arrears", month)
        for book in self.kind("loan"):
            book["late"] = book["late"] + 1 if book["od_i"] + book["od_r"] > 0 else 0
            if book["late"] >= self.law["default_after"] and not book["called"]:
                book["called"] = self.defaulting = True
                self.events.setdefault("default", month)
        self.late = self.late + 1 if late else 0
        if self.late >= self.law["insolvent_after"] and not self.insolvent:
            self.insolvent = True
            self.events.setdefault("insolvency", month)
            for book in self.kind("loan"):
                if book["out"] + book["od_i"]:
                    book["called"] = True
            if self.plan.get("after_insolvency") == "wound_up" and self.end is None:
                self.end = month + 1
        open_calls = any(b["called"] and b["out"] + b["od_i"] for b in self.kind("loan"))
        if (self.insolvent or self.defaulting) and not late and not open_calls:
            self.events.setdefault("recovery", month)
            self.defaulting = False
            if self.end is None:
                self.insolvent = False

    def close(self, month: int) -> None:
        """The year's end."""
        flow = sum(line[1] for line in self.history[-12:])
        service = sum(line[2] for line in self.history[-12:])
        self.locked = False
        for book in self.kind("loan"):
            asked = book["terms"].get("covenants")
            if asked and month >= asked.get("first_month", 1) and book["out"]:
                cover, cash = asked.get("debt_service_cover"), asked.get("minimum_cash")
                thin = cover is not None and service > 0 and flow < cover * service
                if thin or (cash is not None and self.cash < cash * 100):
                    self.locked = True
                    self.events.setdefault("breach", month)
        self.kept += self.taxable
        profit = max(self.taxable + self.gifts - self.losses, 0)
        self.losses = max(self.losses - self.taxable - self.gifts, 0)
        if self.law["profit_tax"]:
            self.assessed[month + self.law["tax_lag"]] = rounded(profit * self.law["profit_tax"])
        self.taxable = self.year_result = self.gifts = 0
        if not (self.plan.get("reinvestment") or self.plan.get("payout") or self.kind("equity")):
            return
        tax = sum(self.assessed.values())
        above = self.cash - self.plan.get("reserve", 0) * 100 - tax - self.physicians
        free = max(min(above, self.kept - tax), 0)
        if self.locked or self.insolvent or self.defaulting or self.late_now():
            free = 0
        again = rounded(free * self.plan.get("reinvestment", 0))
        self.kept -= again
        self.move(month, "integrator", "providers", "reinvestment", again)
        rest = self.prefer(month, free - again)
        self.owners(month, "dividend", rounded(rest * self.plan.get("payout", 0)))

    def prefer(self, month: int, free: int) -> int:
        """Preferred returns."""
        for book in self.kind("equity"):
            paid = min(book["pref"], free)
            book["pref"] -= paid
            free -= paid
            self.kept -= paid
            self.move(
                month, "integrator", self.party(book["terms"]), "preferred_return", paid
            )  # fmt: skip
        return free

    def owners(self, month: int, account: str, whole: int) -> None:
        """Owners by share."""
        rest = whole
        for book in self.kind("equity"):
            own = min(rounded(whole * book["terms"]["share"]), rest)
            payee = "buyer" if book["sold"] else self.party(book["terms"])
            self.move(month, "integrator", payee, account, own)
            rest -= own
        self.move(month, "integrator", "founders", account, rest)
        self.kept -= whole
