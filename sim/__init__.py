"""The rules: people live, agents act, contract settles, funding carries, report tells."""
