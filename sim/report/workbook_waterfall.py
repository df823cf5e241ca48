"""The waterfall as live formulas: one row a month, one column a figure, in whole cents.

It is the third writing of `sim.funding.waterfall`, in the language of spreadsheets, so that an
analyst can change any assumption and see what follows. Amounts are whole cents, since money is
rounded to the cent, a tie to the even one, the moment a rate is applied. A formula names other
columns in braces: {cash} is the same month, {cash-} the month before, {cash@above} all months
before, {cash@year} the last twelve months, {=loan.interest} an assumption.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from sim.funding.instruments import (
    Advance,
    Equity,
    Grant,
    Instrument,
    Loan,
    OutcomeBond,
    Stake,
)
from sim.funding.plan import Plan

NEVER = 10**9  # the month of what does not happen
NAME = re.compile(r"\{(=?)([^{}=@]+?)(-|@above|@year)?\}")
MONTHS = 12


@dataclass
class Columns:
    """Columns in their order: name -> formula or, for inputs, nothing.

    `first` is the row of the first month; above it stands the opening row, in which a column is
    nothing but for what `opening` says.
    """

    first: int
    formulas: dict[str, str | None] = field(default_factory=dict)
    opening: dict[str, int] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    group: str = ""

    def add(self, name: str, formula: str | None = None, opening: int = 0) -> str:
        """Add a column; return its name in braces, to build further formulas with."""
        if name in self.formulas:
            raise ValueError(f"{name} is there already")
        self.formulas[name] = formula
        self.groups[name] = self.group
        if opening:
            self.opening[name] = opening
        return f"{{{name}}}"

    @functools.cached_property
    def letters(self) -> dict[str, str]:
        """Letter of each column in the sheet; to be asked for when all columns are there."""
        return {name: get_column_letter(at + 1) for at, name in enumerate(self.formulas)}

    def written(self, name: str, row: int, assumptions: Mapping[str, str]) -> str:
        """The formula of a column in a row, with addresses for names."""
        return "=" + self.filled(self.formulas[name] or "", row, assumptions)

    def filled(
        self, formula: str, row: int, assumptions: Mapping[str, str], sheet: str = ""
    ) -> str:
        """A formula with addresses for names; `sheet` is set before them, where it is another."""
        letters = self.letters

        def place(found: re.Match[str]) -> str:
            assumed, called, which = found.groups()
            if assumed:
                return assumptions[called]
            letter, top = letters[called], self.first - 1
            match which:
                case "-":
                    return f"{letter}{row - 1}"
                case "@above":
                    return f"{letter}${top}:{letter}{row - 1}"
                case "@year":
                    return f"{letter}{max(row - MONTHS + 1, self.first)}:{letter}{row}"
                case _:
                    return f"{letter}{row}"

        return NAME.sub(lambda found: sheet * (not found[1]) + place(found), formula)


def even(formula: str) -> str:
    """Round to whole cents, a tie to the even one; for what is not below zero.

    >>> even("A1*B1")
    '(ROUND(A1*B1,0)-(MOD(A1*B1,2)=0.5))'
    """
    return f"(ROUND({formula},0)-(MOD({formula},2)=0.5))"


def both(*conditions: str) -> str:
    """1 where all conditions hold, else 0."""
    return f"IF(AND({','.join(conditions)}),1,0)"


def added(parts: Sequence[str]) -> str:
    """A sum, 0 of nothing."""
    return "(" + "+".join(parts) + ")" if parts else "0"


class Writer:
    """Writes the columns of a plan in the order of the waterfall's month."""

    def __init__(self, plan: Plan, first: int, last_month: int) -> None:
        self.plan, self.last = plan, last_month
        self.columns = Columns(first)
        self.cash = "{cash-}"  # running, within the month
        self.keys = {id(one): f"{one.kind}{at + 1}" for at, one in enumerate(plan.instruments)}

    def of[Kind: Instrument](self, kind: type[Kind]) -> list[tuple[str, Kind]]:
        """Instruments of a kind with the short name of their columns."""
        return [(self.keys[id(one)], one) for one in self.plan.of(kind)]

    def write(self) -> Columns:
        """All columns."""
        add = self.columns.add
        self.columns.group = "Month"
        for name in ("month", "year"):
            add(name)
        self.columns.group = "Business, from the simulation"
        for name in ("cost_in", "fees_in", "settled_in", "settled_year", "bonus_in", "insured"):
            add(name)
        for key, _ in self.of(OutcomeBond):
            add(f"{key}.outcome_in")
            add(f"{key}.outcome_year")
        self.columns.group = "State"
        add("live", both("{wound_up-}>{month}"))
        add("able", "{live}*(1-{insolvent-})")
        self.columns.group = "Business"
        add("cost", "{live}*{cost_in}")
        add("fees", "{live}*{fees_in}")
        add("vat", even("{cost}*({=law.vat}*{=law.vat_share})"))
        lived = "{wound_up-}>12*{settled_year}"
        add("settled", f"IF({lived},{{settled_in}},0)")
        add("bonus", f"IF({lived},{{bonus_in}},0)")
        add("spent", "{spent-}+{cost}+{vat}")
        self._pay_in()
        self._set_off()
        self._results()
        self._fall_due()
        self._draw()
        self._pay()
        self._outcomes()
        self._judge()
        self._close_year()
        self._end()
        return self.columns

    def come(self, formula: str) -> None:
        """Let cash come in."""
        self.cash = f"{self.cash}+{formula}"

    def go(self, formula: str) -> None:
        """Let cash go out."""
        self.cash = f"{self.cash}-{formula}"

    def cash_now(self, name: str) -> str:
        """Write the running cash into a column, and go on from there."""
        self.cash = self.columns.add(name, self.cash)
        return self.cash

    def _pay_in(self) -> None:
        add = self.columns.add
        for key, grant in self.of(Grant):
            self.columns.group = f"Grant: {grant.funder}"
            paid = f"{{{key}.paid-}}"
            parts = []
            for at in range(len(grant.milestones)):
                mark = f"{key}.milestone{at + 1}"
                waits = add(f"{mark}.waits", f"IF({{month}}={{={mark}.month}},1,{{{mark}.still-}})")
                enough = f"{{spent-}}>={even(f'({paid})*{{={mark}.spent}}')}"
                part = add(
                    f"{mark}.paid",
                    f"IF(AND({waits}=1,{{able}}=1,{enough}),{{={mark}.amount}},0)",
                )
                paid = f"{paid}+{part}"
                parts.append(part)
                ends = f"AND({{={key}.clawback}}>0,{{month}}={{={key}.clawback_month}})"
                add(f"{mark}.still", f"IF(OR({part}>0,{ends}),0,{waits})")
            total = add(f"{key}.pay", added(parts))
            add(f"{key}.paid", f"{{{key}.paid-}}+{total}")
            self.come(total)
        for key, advance in self.of(Advance):
            self.columns.group = f"Advance: {advance.funder}"
            head = f"AND({{month}}>={{={key}.first_month}},{{month}}<={{={key}.until}})"
            heads = even(f"{{insured}}*{{={key}.per_insured}}*100")
            lump = f"IF({{month}}={{={key}.first_month}},{{={key}.lump_sum}},0)"
            pay = add(f"{key}.pay", f"{{able}}*({lump}+IF({head},{heads},0))")
            self.come(pay)
        for key, stake in self.of(Stake):
            self.columns.group = f"Stake: {stake.funder}"
            once = f"IF({{month}}={{={key}.month}},{{={key}.amount}},0)"
            self.come(add(f"{key}.pay", f"{{able}}*{once}"))
        for key, equity in self.of(Equity):
            self.columns.group = f"Equity: {equity.funder}"
            run = even(
                f"({{{key}.paid_in-}}+{{{key}.preferred-}})*({{={key}.preferred_return}}/12)"
            )
            add(f"{key}.accrued", f"{{{key}.preferred-}}+IF({{{key}.sold-}}=1,0,{run})")
            self.come(self._tranches(key, len(equity.tranches)))
        for key, bond in self.of(OutcomeBond):
            self.columns.group = f"Outcome bond: {bond.funder}"
            self.come(self._tranches(key, len(bond.tranches)))
        for key, loan in self.of(Loan):
            if loan.draw == "at_once":
                self.columns.group = f"Loan: {loan.funder}"
                begins = f"AND({{able}}=1,{{month}}={{={key}.first_month}},{{{key}.called-}}=0)"
                lent = add(f"{key}.lent", f"IF({begins},{{={key}.amount}},0)")
                fee = add(f"{key}.drawn_fee", even(f"{lent}*{{={key}.fee}}"))
                self.come(lent)
                self.go(fee)

    def _tranches(self, key: str, count: int) -> str:
        parts = [
            f"IF({{month}}={{={key}.tranche{at + 1}.month}},{{={key}.tranche{at + 1}.amount}},0)"
            for at in range(count)
        ]
        pay = self.columns.add(f"{key}.pay", f"{{able}}*{added(parts)}")
        self.columns.add(f"{key}.paid_in", f"{{{key}.paid_in-}}+{pay}")
        return pay

    def _set_off(self) -> None:
        add, kept = self.columns.add, "0"
        self.come("{fees}+{settled}")
        for key, advance in self.of(Advance):
            self.columns.group = f"Advance: {advance.funder}"
            most = f"MIN({even(f'{{settled}}*{{={key}.set_off}}')},{{settled}}-({kept}))"
            owed = f"{{{key}.out-}}+{{{key}.pay}}+{{{key}.due-}}"
            own = add(f"{key}.set_off", f"MIN({most},{owed})")
            add(f"{key}.due1", f"{{{key}.due-}}-MIN({own},{{{key}.due-}})")
            add(
                f"{key}.out1",
                f"{{{key}.out-}}+{{{key}.pay}}-({own}-MIN({own},{{{key}.due-}}))",
            )
            kept = f"{kept}+{own}"
            self.go(own)
        self.columns.group = "Cash"
        add("kept", kept)
        self.cash_now("cash_received")

    def _results(self) -> None:
        add = self.columns.add
        self.columns.group = "Result"
        add("result", "{fees}+{settled}-{cost}-{vat}-{bonus}")
        new = "MOD({month},12)=1"
        add("result_of_year", f"IF({new},0,{{result_of_year-}})+{{result}}")

    def _fall_due(self) -> None:
        add = self.columns.add
        for key, loan in self.of(Loan):
            self.columns.group = f"Loan: {loan.funder}"
            age = add(f"{key}.age", f"{{month}}-{{={key}.first_month}}")
            in_grace = f"{age}<={{={key}.grace}}"
            free = f"{{{key}.called-}}=0"
            undrawn = even(f"({{={key}.amount}}-{{{key}.drawn-}})*({{={key}.commitment_fee}}/12)")
            fee = f"IF(AND({age}>0,{in_grace},{free}),{undrawn},0)"
            add(f"{key}.due_fee", fee)
            owed = f"({{{key}.out-}}+{{{key}.overdue_interest-}})"
            interest = add(
                f"{key}.interest",
                f"IF({age}<=0,0,{even(f'{owed}*({{={key}.interest}}/12)')})",
            )
            added_on = f"AND({age}>0,{in_grace},{{={key}.capitalised}}=1,{free})"
            on = add(f"{key}.capitalised", f"IF({added_on},{interest},0)")
            at_once = f"+{{{key}.lent}}" if loan.draw == "at_once" else ""
            out = add(f"{key}.out1", f"{{{key}.out-}}+{on}{at_once}")
            add(
                f"{key}.due_interest",
                f"IF({age}<=0,0,{{{key}.overdue_interest-}}+{interest}-{on})",
            )
            rest = f"({out}-{{{key}.overdue_repayment-}})"
            left = f"({{={key}.term}}-{age}+1)"
            rate = f"({{={key}.interest}}/12)"
            annuity = f"IF({rate}=0,1/{left},{rate}/((1+{rate})^{left}-1))"
            paying = {
                "linear": even(f"{rest}/{left}"),
                "annuity": even(f"{rest}*{annuity}"),
                "bullet": "0",
            }[loan.repayment]
            late = f"IF({left}<=1,{rest},{paying})"
            part = f"IF({in_grace},0,{late})"
            add(
                f"{key}.due_repayment",
                f"IF({age}<=0,0,IF({{{key}.called-}}=1,{out},{{{key}.overdue_repayment-}}+{part}))",
            )
        for key, grant in self.of(Grant):
            self.columns.group = f"Grant: {grant.funder}"
            back = f"{{={key}.clawback}}"
            ended = f"IF({{insolvency-}}={{month}}-1,{even(f'{{{key}.paid}}*{back}')},0)"
            unspent = even(f"MAX({{{key}.paid}}-{{spent}},0)*{back}")
            last = f"{{month}}={{={key}.clawback_month}}"
            within = f"AND({back}>0,{{month}}<={{={key}.clawback_month}})"
            claim = add(f"{key}.claim", f"IF({within},MAX({ended},IF({last},{unspent},0)),0)")
            add(f"{key}.due1", f"{{{key}.due-}}+{claim}")
        for key, advance in self.of(Advance):
            self.columns.group = f"Advance: {advance.funder}"
            last = f"{{month}}={{={key}.final_month}}"
            let = add(
                f"{key}.forgiven",
                f"IF({last},{even(f'{{{key}.out1}}*{{={key}.forgiven}}')},0)",
            )
            add(f"{key}.due2", f"{{{key}.due1}}+IF({last},{{{key}.out1}}-{let},0)")
            add(f"{key}.out", f"IF({last},0,{{{key}.out1}})")
        for key, stake in self.of(Stake):
            self.columns.group = f"Stake: {stake.funder}"
            out = add(f"{key}.out1", f"{{{key}.out-}}+{{{key}.pay}}")
            runs = f"{{month}}>{{={key}.month}}"
            add(
                f"{key}.interest",
                f"IF({runs},{even(f'{out}*({{={key}.interest}}/12)')},0)",
            )
            good = f"AND(MOD({{month}},12)=0,{out}>0)"
            part = even(f"MAX({{result_of_year}},0)*{{={key}.profit_share}}")
            add(f"{key}.profit", f"IF({good},{part},0)")
            add(f"{key}.due_interest1", f"{{{key}.due_interest-}}+{{{key}.interest}}")
            add(f"{key}.due_profit1", f"{{{key}.due_profit-}}+{{{key}.profit}}")
            add(
                f"{key}.due_repayment1",
                f"IF({{month}}>={{={key}.repaid_month}},{out},{{{key}.due_repayment-}})",
            )
        self.columns.group = "Debt service"
        due = [
            f"MAX({{{key}.due_fee}}+{{{key}.due_interest}}+{{{key}.due_repayment}}"
            f"-{{{key}.overdue_interest-}}-{{{key}.overdue_repayment-}},0)"
            for key, _ in self.of(Loan)
        ]
        add("service", added(due))

    def _draw(self) -> None:
        add = self.columns.add
        self.columns.group = "Tax"
        add("tax_due", "SUMIFS({assessed@above},{tax_month@above},{month})")
        add("tax_unpaid1", "{tax_unpaid-}+{tax_due}")
        dues = [f"{{{key}.due_fee}}+{{{key}.due_interest}}" for key, _ in self.of(Loan)]
        self.columns.group = "Cash"
        add("needed", f"{{tax_unpaid1}}+{{credit-}}+{{cost}}+{{vat}}+{added(dues)}")
        for key, loan in self.of(Loan):
            self.columns.group = f"Loan: {loan.funder}"
            if loan.draw == "needed":
                age = f"{{{key}.age}}"
                opened = f"AND({age}>=0,{age}<={{={key}.grace}},{{{key}.called-}}=0,{{able}}=1)"
                left = f"MAX({{={key}.amount}}-{{{key}.drawn-}},0)"
                gross = f"MAX({{needed}}-({self.cash}),0)/(1-{{={key}.fee}})"
                lent = add(
                    f"{key}.lent",
                    f"IF({opened},MIN(ROUNDUP(ROUND({gross},6),0),{left}),0)",
                )
                fee = add(f"{key}.drawn_fee", even(f"{lent}*{{={key}.fee}}"))
                self.come(lent)
                self.go(fee)
            add(f"{key}.drawn", f"{{{key}.drawn-}}+{{{key}.lent}}")
        self.columns.group = "Cash"
        self.cash_now("cash_drawn")

    def _pay(self) -> None:
        add = self.columns.add
        self.columns.group = "Tax"
        tax = add("tax_paid", f"MIN({{tax_unpaid1}},{self.cash})")
        self.go(tax)
        self.columns.group = "Suppliers"
        self._pay_or_owe("credit", "{cost}+{vat}")
        self._loans("senior")
        for kind, due in ((Advance, "due2"), (Grant, "due1")):
            for key, one in self._pairs(kind):
                self.columns.group = f"{kind.__name__}: {one.funder}"
                taken = add(f"{key}.clawback", f"MIN({{{key}.{due}}},{self.cash})")
                add(f"{key}.due", f"{{{key}.{due}}}-{taken}")
                self.go(taken)
        self._loans("subordinated")
        for key, stake in self.of(Stake):
            self.columns.group = f"Stake: {stake.funder}"
            for what in ("interest", "profit", "repayment"):
                due = f"{{{key}.due_{what}1}}"
                paid = add(f"{key}.{what}_paid", f"MIN({due},{self.cash})")
                add(f"{key}.due_{what}", f"{due}-{paid}")
                self.go(paid)
            add(f"{key}.out", f"{{{key}.out1}}-{{{key}.repayment_paid}}")
        self.columns.group = "Physicians"
        self._pay_or_owe("bonus_unpaid", "{bonus}")

    def _pay_or_owe(self, unpaid: str, due: str) -> None:
        add = self.columns.add
        paid = add(f"{unpaid}.paid", f"MIN({{{unpaid}-}}+{due},{self.cash})")
        given = add(f"{unpaid}.given", f"MAX({due}-{paid},0)")
        repaid = add(f"{unpaid}.repaid", f"MAX({paid}-({due}),0)")
        add(unpaid, f"{{{unpaid}-}}+{given}-{repaid}")
        self.go(paid)

    def _loans(self, rank: str) -> None:
        add = self.columns.add
        for key, loan in self.of(Loan):
            if loan.rank != rank:
                continue
            self.columns.group = f"Loan: {loan.funder}"
            start = self.cash_now(f"{key}.cash")
            fee = add(f"{key}.fee_paid", f"MIN({{{key}.due_fee}},{start})")
            interest = add(f"{key}.interest_paid", f"MIN({{{key}.due_interest}},{start}-{fee})")
            back = add(
                f"{key}.repayment_paid",
                f"MIN({{{key}.due_repayment}},{start}-{fee}-{interest})",
            )
            self.go(f"{fee}-{interest}-{back}")
            drawn = "" if loan.draw == "at_once" else f"+{{{key}.lent}}"
            add(f"{key}.out", f"{{{key}.out1}}{drawn}-{back}")
            add(
                f"{key}.overdue_interest",
                f"{{{key}.due_interest}}-{interest}+{{{key}.due_fee}}-{fee}",
            )
            add(f"{key}.overdue_repayment", f"{{{key}.due_repayment}}-{back}")

    def _outcomes(self) -> None:
        add = self.columns.add
        for key, bond in self.of(OutcomeBond):
            self.columns.group = f"Outcome bond: {bond.funder}"
            known = f"{{{key}.outcome_year}}>0"
            lived = (
                f"AND({known},{{wound_up-}}>12*{{{key}.outcome_year}},{{{key}.paid_in}}>0,"
                f"{{month}}<={{={key}.final_month}})"
            )
            left = f"MAX({even(f'{{{key}.paid_in}}*{{={key}.cap}}')}-{{{key}.received-}},0)"
            worth = even(f"MAX({{{key}.outcome_in}},0)*{{={key}.tariff}}*100")
            paid = add(f"{key}.reward", f"IF({lived},MIN({worth},{left}),0)")
            add(f"{key}.evaluation", f"IF({lived},{{={key}.evaluation}},0)")
            missing = (
                f"MAX({even(f'{{{key}.paid_in}}*{{={key}.protection}}')}"
                f"-{{{key}.received-}}-{paid},0)"
            )
            last = f"{{month}}={{={key}.final_month}}"
            kept = add(f"{key}.protected", f"IF({last},{missing},0)")
            add(f"{key}.received", f"{{{key}.received-}}+{paid}+{kept}")

    def _judge(self) -> None:
        add = self.columns.add
        self.columns.group = "Solvency"
        late = ["{credit}", "{tax_unpaid1}-{tax_paid}"]
        late += [
            f"{{{key}.overdue_interest}}+{{{key}.overdue_repayment}}" for key, _ in self.of(Loan)
        ]
        late += [f"{{{key}.due}}" for kind in (Advance, Grant) for key, _ in self._pairs(kind)]
        overdue = add("overdue", added(late))
        newly = []
        for key, loan in self.of(Loan):
            self.columns.group = f"Loan: {loan.funder}"
            behind = f"{{{key}.overdue_interest}}+{{{key}.overdue_repayment}}>0"
            since = add(f"{key}.overdue_for", f"IF({behind},{{{key}.overdue_for-}}+1,0)")
            new = add(
                f"{key}.new_default",
                both(f"{since}>={{=law.default_after}}", f"{{{key}.called-}}=0"),
            )
            newly.append(new)
        self.columns.group = "Solvency"
        add("in_default1", f"MAX({{in_default-}},{','.join(newly) or '0'})")
        add("overdue_for", f"IF({overdue}>0,{{overdue_for-}}+1,0)")
        add("fails", both("{overdue_for}>={=law.insolvent_after}", "{insolvent-}=0"))
        add("insolvent1", "MAX({insolvent-},{fails})")
        add(
            "insolvency",
            f"IF(AND({{fails}}=1,{{insolvency-}}={NEVER}),{{month}},{{insolvency-}})",
            NEVER,
        )
        ends = "AND({fails}=1,{=plan.wound_up}=1)"
        add("wound_up", f"IF({ends},MIN({{wound_up-}},{{month}}+1),{{wound_up-}})", NEVER)
        open_calls = []
        for key, loan in self.of(Loan):
            self.columns.group = f"Loan: {loan.funder}"
            owed = f"({{{key}.out}}+{{{key}.overdue_interest}})"
            called = add(
                f"{key}.called",
                f"MAX({{{key}.called-}},{{{key}.new_default}},IF(AND({{fails}}=1,{owed}>0),1,0))",
            )
            open_calls.append(f"{called}*{owed}")
        self.columns.group = "Solvency"
        troubled = "{insolvent1}+{in_default1}>0"
        add("well", both(troubled, f"{overdue}=0", f"{added(open_calls)}=0"))
        add("in_default", "{in_default1}*(1-{well})")
        still = f"IF(AND({{well}}=1,{{wound_up}}={NEVER}),0,{{insolvent1}})"
        add("insolvent", still)

    def _pairs(self, kind: type[Grant] | type[Advance]) -> list[tuple[str, Instrument]]:
        return [(self.keys[id(one)], one) for one in self.plan.instruments if isinstance(one, kind)]

    def _close_year(self) -> None:
        add = self.columns.add
        december, new = "MOD({month},12)=0", "MOD({month},12)=1"
        self.columns.group = "Year's end"
        add("available", "{result}+{bonus}-{kept}-{tax_paid}")
        add("flow12", "SUM({available@year})")
        add("service12", "SUM({service@year})")
        add("result12", "SUM({result@year})")
        add("cash_paid", self.cash)
        self.cash = "{cash_paid}"
        breaches = []
        for key, loan in self.of(Loan):
            if loan.covenants is None:
                continue
            self.columns.group = f"Loan: {loan.funder}"
            asked = f"{{={key}.debt_service_cover}}"
            thin = f"AND({asked}>0,{{service12}}>0,{{flow12}}<{asked}*{{service12}})"
            poor = f"AND({{={key}.minimum_cash}}>0,{{cash_paid}}<{{={key}.minimum_cash}})"
            tested = f"{december},{{month}}>={{={key}.covenants_from}},{{{key}.out}}>0"
            breaches.append(add(f"{key}.breach", both(tested, f"OR({thin},{poor})")))
        self.columns.group = "Year's end"
        any_breach = f"MAX({','.join(breaches)})" if breaches else "0"
        add("locked", f"IF({december},{any_breach},{{locked-}})")
        costs = [
            f"{{{key}.drawn_fee}}+{{{key}.fee_paid}}+{{{key}.interest_paid}}"
            for key, _ in self.of(Loan)
        ]
        costs += [f"{{{key}.interest_paid}}+{{{key}.profit_paid}}" for key, _ in self.of(Stake)]
        add(
            "earned_of_year",
            f"IF({new},0,{{earned_of_year-}})+{{result}}-{added(costs)}",
        )
        gifts = [f"{{{key}.pay}}-{{{key}.clawback}}" for key, _ in self.of(Grant)]
        gifts += [f"{{{key}.forgiven}}" for key, _ in self.of(Advance)]
        gifts += [f"{{{key}.pay}}" for key, _ in self.of(OutcomeBond)]
        add("given_of_year", f"IF({new},0,{{given_of_year-}})+{added(gifts)}")
        taxable = "({earned_of_year}+{given_of_year})"
        profit = f"MAX({taxable}-{{losses-}},0)"
        add("assessed", f"IF({december},{even(f'{profit}*{{=law.profit_tax}}')},0)")
        add("tax_month", "{month}+{=law.tax_lag}")
        add("losses", f"IF({december},MAX({{losses-}}-{taxable},0),{{losses-}})")
        add("pending", "{pending-}-{tax_due}+{assessed}")
        add("pending_after", "IF({month}={=plan.last_month},0,{pending})")
        add(
            "retained1",
            f"{{retained-}}-{{tax_paid}}+IF({december},{{earned_of_year}},0)",
        )
        self._distribute(december)

    def _distribute(self, december: str) -> None:
        add, shares = self.columns.add, self.of(Equity)
        self.columns.group = "Distribution"
        active = "1" if shares else "IF({=plan.reinvestment}+{=plan.payout}>0,1,0)"
        opened = (
            f"AND({december},{active}=1,{{locked}}=0,{{insolvent}}=0,{{in_default}}=0,"
            "{overdue}=0)"
        )
        above = "{cash_paid}-{=plan.reserve}-{pending}-{bonus_unpaid}"
        free = add("free", f"IF({opened},MAX(MIN({above},{{retained1}}-{{pending}}),0),0)")
        reinvested = add("reinvested", even(f"{free}*{{=plan.reinvestment}}"))
        self.go(reinvested)
        rest = f"({free}-{reinvested})"
        for key, _ in shares:
            taken = add(f"{key}.preferred_paid", f"MIN({{{key}.accrued}},{rest})")
            self.go(taken)
            rest = f"({rest}-{taken})"
        dividend = add("dividend", even(f"{rest}*{{=plan.payout}}"))
        self._owners("dividend", dividend)
        self.go(dividend)
        self.columns.group = "Cash"
        self.cash_now("cash_distributed")
        for key, equity in shares:
            self.columns.group = f"Equity: {equity.funder}"
            worth = (
                f"{even('{result12}*' + f'{{={key}.exit_multiple}}')}+{{cash_distributed}}"
                f"-{added(self._debts())}"
            )
            sells = (
                f"AND({{month}}={{={key}.exit_month}},{{insolvent}}=0,{{wound_up}}>{{month}},"
                f"{{{key}.sold-}}=0)"
            )
            add(
                f"{key}.price",
                f"IF({sells},{even(f'MAX({worth},0)*{{={key}.share}}')},0)",
            )
            add(f"{key}.sold", f"IF({{month}}={{={key}.exit_month}},1,{{{key}.sold-}})")
            add(
                f"{key}.preferred1",
                f"IF({{{key}.sold}}=1,0,{{{key}.accrued}}-{{{key}.preferred_paid}})",
            )

    def _debts(self) -> list[str]:
        """All that is owed, due or not."""
        debts = ["{credit}", "{bonus_unpaid}", "{tax_unpaid1}-{tax_paid}", "{pending}"]
        debts += [f"{{{key}.out}}+{{{key}.overdue_interest}}" for key, _ in self.of(Loan)]
        debts += [f"{{{key}.out}}+{{{key}.due}}" for key, _ in self.of(Advance)]
        debts += [f"{{{key}.due}}" for key, _ in self.of(Grant)]
        debts += [
            f"{{{key}.out}}+{{{key}.due_interest}}+{{{key}.due_profit}}"
            for key, _ in self.of(Stake)
        ]
        return debts

    def _owners(self, account: str, whole: str) -> None:
        """Pay owners by their shares; what is the buyer's is told apart by `sold`."""
        rest = whole
        for key, _ in self.of(Equity):
            owned = self.columns.add(
                f"{key}.{account}", f"MIN({even(f'{whole}*{{={key}.share}}')},{rest})"
            )
            rest = f"({rest}-{owned})"
        self.columns.add(f"founders.{account}", rest)

    def _end(self) -> None:
        add, last = self.columns.add, "{month}={=plan.last_month}"
        shares = self.of(Equity)
        self.columns.group = "The end"
        open_tax = "{tax_unpaid1}-{tax_paid}"
        tax = add("last_tax", f"IF({last},MIN({open_tax}+{{pending}},{{cash_distributed}}),0)")
        add("tax_unpaid", f"{open_tax}+IF({last},{{pending}},0)-{tax}")
        self.go(tax)
        if shares:
            owed = f"{added(self._debts())}-{tax}"
            left = add("left", f"IF(AND({last},{owed}=0),{{cash_distributed}}-{tax},0)")
            rest = left
            for key, _ in shares:
                taken = add(f"{key}.preferred_last", f"MIN({{{key}.preferred1}},{rest})")
                add(f"{key}.preferred", f"{{{key}.preferred1}}-{taken}")
                rest = f"({rest}-{taken})"
            whole = add("liquidation", rest)
            self._owners("liquidation", whole)
            self.go(left)
        self.columns.group = "Cash"
        spread = "{reinvested}+{dividend}"
        spread += "".join(f"+{{{key}.preferred_paid}}" for key, _ in shares)
        add("retained", f"{{retained1}}-({spread})-{{last_tax}}")
        add("cash", self.cash)


def columns_of(plan: Plan, first_row: int, last_month: int) -> Columns:
    """Write the columns of a plan."""
    return Writer(plan, first_row, last_month).write()
