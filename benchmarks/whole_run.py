"""Measure one whole run by step, and against the floor: `python -m benchmarks.whole_run FOLDER [--people N]`.

FOLDER is a workspace; with --people a sample company is made there first. The floor is what any pipeline on this engine
must do: read the same Parquet, normalise the identifiers, join lines to their sales once, aggregate by person and day.
Printed figures: wall seconds, CPU seconds and peak resident memory of each step, and the ratios to the floor.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workspace.workspace import Workspace

_PERSONS = ("crm_customers", "ecommerce_accounts", "pos_sales", "ecommerce_orders", "campaign_contacts", "crm_consents")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Cost:
    """What one step took."""

    wall: float
    cpu: float
    peak_bytes: int


class Meter:
    """Sample the resident memory of this process while steps are measured."""

    def __init__(self) -> None:
        self._peak = 0
        self._stopped = threading.Event()
        self.costs: dict[str, Cost] = {}
        self._open: dict[str, tuple[float, float]] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._stopped.wait(0.05):
            self._peak = max(self._peak, resident_bytes())

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Measure the block as one step; a repeated name adds up."""
        self._peak = resident_bytes()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, max(self._peak, resident_bytes()))
        before = self.costs.get(name, Cost(0, 0, 0))
        self.costs[name] = Cost(before.wall + cost.wall, before.cpu + cost.cpu, max(before.peak_bytes, cost.peak_bytes))

    def close(self) -> None:
        """Stop sampling."""
        self._stopped.set()


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def floor(workspace: Workspace) -> None:
    """Read, normalise, join once and aggregate with bare DuckDB over the same lake."""
    from workspace.sql import connect, quote_literal

    def lake(contract: str) -> str:
        pattern = quote_literal(workspace.lake / contract / "batch=*" / "*.parquet")
        return f"read_parquet({pattern}, union_by_name = true, hive_partitioning = false)"

    with connect(workspace, database=":memory:") as con:
        normalised = " union all ".join(
            "select _record_id, lower(trim(email)) as email, regexp_replace(phone, '[^0-9]', '', 'g') as phone, "
            "regexp_replace(document_number, '[^0-9]', '', 'g') as document, "
            f"lower(strip_accents(trim(person_name))) as name from {lake(name)}"
            for name in _PERSONS
        )
        con.execute(
            "create temp table persons as select _record_id, min(email) as email, min(phone) as phone, "
            f"min(document) as document, min(name) as name, count(*) as row_count "
            f"from ({normalised}) group by _record_id"
        )
        for lines, heads, key, instant in (
            ("pos_sale_lines", "pos_sales", "source_sale_id", "sold_at"),
            ("ecommerce_order_lines", "ecommerce_orders", "source_order_id", "ordered_at"),
        ):
            con.execute(
                f"create temp table {heads}_by_day as select h._record_id, cast(h.{instant} as date) as day, "
                f"count(*) as lines, sum(l.net_amount) as amount from {lake(lines)} as l join {lake(heads)} as h "
                f"using (source_system, {key}) group by all"
            )
        con.execute(
            "create temp table events_by_day as select _record_id, channel, cast(occurred_at as date) as day, "
            f"count(*) as events from {lake('ecommerce_events')} group by all"
        )
        con.execute(
            "create temp table answers as select c._record_id, c.channel, count(*) as contacts, "
            f"count(r.responded_at) as answers from {lake('campaign_contacts')} as c "
            f"left join {lake('campaign_responses')} as r using (source_system, source_contact_id) group by all"
        )


def main() -> None:
    """Run and print."""
    from orchestration.demonstration import prepare
    from orchestration.pipeline import Pipeline
    from workspace.locking import run_lock
    from workspace.runs import begin_run

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, help="make a sample company of so many people first")
    parser.add_argument("--no-activate", action="store_true")
    given = parser.parse_args()
    meter = Meter()
    if given.people:
        with meter.measure("make the samples"):
            prepare(given.folder, people=given.people, seed=7, country="BR", tell=lambda _text: None)
    workspace = Workspace.open(given.folder)
    with run_lock(workspace):
        pipeline = Pipeline(workspace, begin_run(workspace))
        steps = [("land", pipeline.land_all), ("resolve", pipeline.resolve), ("build", pipeline.build)]
        steps += [("audit", pipeline.audit), ("publish", pipeline.publish)]
        if not given.no_activate:
            steps.append(("activate", pipeline.activate))
        try:
            for name, step in steps:
                with meter.measure(name):
                    step()
                report(name, meter.costs[name])
        finally:
            with meter.measure("record"):
                pipeline.record()
    with meter.measure("floor"):
        floor(workspace)
    meter.close()
    summarise(meter.costs, pipeline.status)


def report(name: str, cost: Cost) -> None:
    """Print one step as soon as it is over."""
    print(f"{name:<18}{cost.wall:9.1f} s wall{cost.cpu:9.1f} s CPU{cost.peak_bytes / 2**20:9.0f} MB", flush=True)


def summarise(costs: dict[str, Cost], status: str) -> None:
    """Print the sum, the floor and the ratios."""
    ran = [cost for name, cost in costs.items() if name not in ("floor", "make the samples")]
    wall, cpu, base = sum(one.wall for one in ran), sum(one.cpu for one in ran), costs["floor"]
    report("whole run", Cost(wall, cpu, max(one.peak_bytes for one in ran)))
    report("floor", base)
    print(f"{status}; {wall / base.wall:.1f} x the floor's wall, {cpu / base.cpu:.1f} x its CPU")


if __name__ == "__main__":
    main()
