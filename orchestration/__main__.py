"""`python -m orchestration`: the command line, where the script `unavista` is not on the path."""

from orchestration.cli import main

main()
