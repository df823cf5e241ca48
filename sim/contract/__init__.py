"""What the parties signed: ledger, norm, benchmark, settlement. Knows ledgers, never people."""
