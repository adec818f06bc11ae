"""Engines other than DuckDB that can build the models; each leaves the same tables in the build file."""
