"""Is the run good enough to be seen? Checks, balances, budgets, the verdict, and publication."""
