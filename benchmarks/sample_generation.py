"""Print how fast the sample feeds of N people are written, and the memory it takes.

Usage: python benchmarks/sample_generation.py [PEOPLE] [--folder FOLDER] [--locale BR] [--keep]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

from ingestion.samples import generate_samples


def main() -> None:
    """Generate once and print rows, seconds, CPU seconds, rows per second, bytes and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=int, nargs="?", default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--locale", default="BR")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="samples-"))
    try:
        started = time.perf_counter()
        summary = generate_samples(folder, people=options.people, seed=7, locale=options.locale)
        seconds = time.perf_counter() - started
        usage = resource.getrusage(resource.RUSAGE_SELF)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        for contract, rows in summary.rows.items():
            print(f"{contract:<24}{rows:>14,}")
        print(
            f"{options.people:,} people, {summary.total_rows:,} rows, {size / 1e6:,.0f} MB in {seconds:.1f} s "
            f"({usage.ru_utime + usage.ru_stime:.1f} CPU s): {summary.total_rows / seconds:,.0f} rows/s, "
            f"peak {usage.ru_maxrss / 1024:,.0f} MB"
        )
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
