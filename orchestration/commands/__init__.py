"""The commands of `unavista`, by what a person wants to do. Nothing heavy is imported before a command runs."""
