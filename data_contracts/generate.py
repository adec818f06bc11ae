"""Write what the repository keeps generated from the contracts: `python -m data_contracts.generate`.

With `--check` nothing is written; the differences are printed and the exit code is 1 when there are any.
"""

from __future__ import annotations

import sys
from pathlib import Path

from data_contracts.dbt_marts import mart_files
from data_contracts.dbt_sources import dbt_sources
from data_contracts.dbt_staging import staging_files
from data_contracts.drift import text_differences
from workspace.atomic import write_text_atomic

COMMAND = "python -m data_contracts.generate"
REPOSITORY = Path(__file__).parents[1]
STAGING = Path("dbt_project/models/staging")
MARTS = Path("dbt_project/models/marts")


def generated_files() -> dict[Path, str]:
    """Return every generated file: path inside the repository -> text."""
    staging = {STAGING / name: text for name, text in (dbt_sources() | staging_files()).items()}
    return staging | {MARTS / name: text for name, text in mart_files().items()}


def differences(repository: Path = REPOSITORY) -> list[str]:
    """Return how the committed files differ from what the contracts say, in both directions."""
    wanted = generated_files()
    found: list[str] = []
    for path, text in wanted.items():
        file = repository / path
        if not file.is_file():
            found.append(f"{path} is missing; run `{COMMAND}`")
        else:
            found += text_differences(text, file.read_text(encoding="utf-8"), name=str(path), command=COMMAND)
    found += [f"{path} is generated from no contract; remove it" for path in _stale(repository, set(wanted))]
    return found


def write(repository: Path = REPOSITORY) -> list[Path]:
    """Write the generated files that changed, remove those that no contract asks for, and return their paths."""
    changed = []
    wanted = generated_files()
    for path, text in wanted.items():
        file = repository / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_text_atomic(file, text)
            changed.append(path)
    for path in _stale(repository, set(wanted)):
        (repository / path).unlink()
        changed.append(path)
    return changed


def _stale(repository: Path, wanted: set[Path]) -> list[Path]:
    candidates = (file for folder in (STAGING, MARTS) for file in (repository / folder).glob("*/*") if file.is_file())
    generated = (file for file in candidates if f"`{COMMAND}`" in file.read_text(encoding="utf-8").partition("\n")[0])
    return sorted(path for path in (file.relative_to(repository) for file in generated) if path not in wanted)


def main(arguments: list[str]) -> int:
    """Run the command line."""
    if arguments == ["--check"]:
        found = differences()
        sys.stdout.write("\n".join(found or ["everything agrees with the contracts"]) + "\n")
        return 1 if found else 0
    if arguments:
        sys.stderr.write(f"usage: {COMMAND} [--check]\n")
        return 2
    sys.stdout.writelines(f"{path}\n" for path in write())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
