"""A bare model and a table of factors for a world with one condition and one risk factor."""

import mesa
import numpy as np
import pytest

from sim.people.factors import AGES, Factors, lay_out

DISEASES = {
    "diabetes": {"kind": "condition"},
    "smoking": {"kind": "risk_factor", "remission": 0.1},
}


@pytest.fixture
def model() -> mesa.Model:
    return mesa.Model(rng=1)


@pytest.fixture(scope="session")
def factors() -> Factors:
    processes, bits, rates = lay_out(DISEASES)
    lines = {
        "by_state": (len(bits), AGES),
        "by_recent": (len(bits),),
        "by_group": (80,),
        "by_intensity": (16,),
        "by_region": (1,),
        "base": (2, AGES),
    }
    ones = {name: np.ones((*shape, len(rates)), np.float32) for name, shape in lines.items()}
    return Factors(processes, bits, rates, **ones)
