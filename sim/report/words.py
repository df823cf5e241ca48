"""How amounts, months and distributions are written: on the page, on the screen, in figures."""

import math
from calendar import month_abbr
from collections.abc import Mapping
from typing import Any

MILLION = 1_000_000
IN_MILLIONS_FROM = 100_000  # EUR: below, amounts are written out
FEW = 10  # persons, cases, years: below, a decimal is written
SPACE, MINUS, DASH = "\u00a0", "\u2212", "\u2013"


def amount(value: float | None, unit: str) -> str:
    r"""Write a value with its unit, as precisely as it deserves; spaces do not break.

    >>> amount(5_500_000, "EUR"), amount(146.2, "EUR/person-year"), amount(9726, "person")
    ('5.50\xa0M\xa0EUR', '146\xa0EUR\xa0a\xa0head', '9,726')
    """
    if value is None:
        return DASH
    if unit == "EUR" and abs(value) >= IN_MILLIONS_FROM:
        return f"{number(value / MILLION, 2)}{SPACE}M{SPACE}EUR"
    if unit == "EUR":
        return f"{number(value, 0)}{SPACE}EUR"
    if unit.startswith("EUR/"):
        return f"{number(value, 0)}{SPACE}EUR{SPACE}a{SPACE}head"
    few = abs(value) < FEW and not float(value).is_integer()
    return number(value, 2 if unit == "1" else int(few))


def count(value: float) -> str:
    """Write a number of persons, NaN where there are too few of them to be told.

    >>> count(9726.0), count(math.nan)
    ('9,726', 'few')
    """
    return "few" if math.isnan(value) else number(value, 0)


def number(value: float, digits: int) -> str:
    """Write a number with thousands separators and a true minus; a rounded zero has no sign.

    >>> number(1234.5, 1), number(-0.004, 2)
    ('1,234.5', '0.00')
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a figure; name the state instead.")
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text


def percent(value: float | None) -> str:
    r"""Write a rate as people say it; in tables and code it stays a fraction.

    >>> percent(0.0734)
    '7.3\xa0%'
    """
    return DASH if value is None else f"{number(100 * value, 1)}{SPACE}%"


def month(value: float | None, first_year: int) -> str:
    r"""Write a month of the contract, with its calendar month; month 1 is the first January.

    >>> month(39, 2006), month(0, 2006), month(None, 2006)
    ('month\xa039 (Mar\xa02009)', 'month\xa00 (Dec\xa02005)', 'never within the horizon')
    """
    if value is None:
        return "never within the horizon"
    whole = math.ceil(value)
    year, place = divmod(whole - 1, 12)
    return f"month{SPACE}{number(whole, 0)} ({month_abbr[place + 1]}{SPACE}{first_year + year})"


def spread(of: Mapping[str, Any], unit: str) -> str:
    r"""Write median and middle 80 % of a distribution; of a single seed the value alone.

    >>> spread({"p10": 1e6, "p50": 2e6, "p90": 3e6, "n": 20, "none": 0}, "EUR")
    '2.00\xa0M\xa0EUR (1.00 to 3.00\xa0M\xa0EUR)'
    """
    middle = amount(of["p50"], unit)
    if of["p10"] is None or of["p90"] is None:
        return middle
    low, high = amount(of["p10"], unit), amount(of["p90"], unit)
    if low == middle == high:
        return middle
    ending = high[high.index(SPACE) :] if SPACE in high else ""
    return f"{middle} ({low.removesuffix(ending) if ending else low} to {high})"
