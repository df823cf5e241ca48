"""Money over time: pure functions over a dated cashbook, knowing neither people nor agents."""
