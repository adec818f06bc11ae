"""Measure what a run costs after one small new file: `python -m benchmarks.incremental_run [FOLDER] [--people N]`.

Makes a sample company, runs it three times as a person would (`unavista run`, a process of its own): first, with
nothing new, and after one small file of receipts was dropped into landing. Printed for each: wall seconds of the whole
command, of the steps, and of what is neither (start, Dagster, records), with CPU seconds in brackets.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

AS_OF = "2026-06-30T03:00:00Z"
_RECEIPTS = "landing/pos/vendas_2026-01.csv"
_SMALL = 20


def main() -> None:
    """Run three times and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="a folder for the sample company; a temporary one if none")
    parser.add_argument("--people", type=int, default=5000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "sample"
        make_sample(folder, given.people)
        report("first run", *run(folder))
        # What the first run sent came back as a feed; the second takes it in, and only then is nothing new.
        run(folder)
        report("nothing new", *run(folder))
        drop_small_file(folder)
        report("one small file", *run(folder))


def make_sample(folder: Path, people: int) -> None:
    """Make the sample company in a process of its own, so that its imports do not count."""
    code = (
        "import sys; from pathlib import Path; from orchestration.demonstration import prepare; "
        "prepare(Path(sys.argv[1]), people=int(sys.argv[2]), seed=7, country='BR', tell=print)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(people)], check=True)


def drop_small_file(folder: Path) -> None:
    """Write a file of receipts that no run has seen: a few known ones under new numbers."""
    lines = (folder / _RECEIPTS).read_bytes().splitlines(keepends=True)
    header, *rows = lines[: _SMALL + 1]
    (folder / "landing/pos/vendas_9999-01.csv").write_bytes(header + b"".join(b"9" + row for row in rows))


def run(folder: Path) -> tuple[dict[str, Any], float, float]:
    """Carry out one run; return its own report, the wall and the CPU seconds of the command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "orchestration", "run", "--workspace", str(folder), "--as-of", AS_OF, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"the run ended with exit code {done.returncode}: {done.stdout}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), wall, used


def report(title: str, told: dict[str, Any], wall: float, cpu: float) -> None:
    """Print one run by step."""
    steps, used = told["step_seconds"], told["step_cpu_seconds"]
    shown = [f"{name} {seconds:.1f} ({used[name]:.1f})" for name, seconds in steps.items()]
    rest = f"overhead {wall - sum(steps.values()):.1f} ({cpu - sum(used.values()):.1f})"
    state = "unchanged" if told["is_unchanged"] else told["status"]
    print(f"{title:<15}{wall:6.1f} s ({cpu:.1f} s CPU) {state}: {', '.join([*shown, rest])}", flush=True)


if __name__ == "__main__":
    main()
