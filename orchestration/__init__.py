"""Wire the rooms together for Dagster and for the command line. No rule of the business lives here."""
