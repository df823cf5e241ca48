"""Euros in exact decimals: every amount of the account is rounded to the cent where it is stated.

So a statement can be recomputed by hand from the figures that stand in it, and no two machines
differ by a cent. Rates and factors are not rounded.
"""

from decimal import ROUND_HALF_UP, Decimal

NOTHING = Decimal(0)
CENT = Decimal("0.01")


def exact(number: float | Decimal) -> Decimal:
    """Return the number as it is written, not as the machine holds it in binary.

    >>> exact(0.1)
    Decimal('0.1')
    """
    return number if isinstance(number, Decimal) else Decimal(repr(float(number)))


def cents(amount: Decimal) -> Decimal:
    """Round to the cent, half a cent away from zero, as commercial accounts do.

    >>> cents(Decimal("2.345")), cents(Decimal("-2.345"))
    (Decimal('2.35'), Decimal('-2.35'))
    """
    rounded = amount.quantize(CENT, ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)  # no minus before nothing
