"""One place of pure, vectorised normalising: every rule is a stage of SQL that DuckDB runs over whole columns."""
