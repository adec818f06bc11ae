"""The samples landed: every planted repeat, older version and broken row comes out as the truth says, and facts agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data_contracts.loader import contract_names, load_contract
from ingestion.checking import check_feed
from ingestion.feeds import load_feeds
from ingestion.landing import LandingResult, land_contract
from ingestion.samples import write_sample_workspace
from ingestion.samples.seasons import AS_OF
from workspace.runs import Run
from workspace.workspace import Workspace

COUNTS = ("rows_read", "accepted", "superseded", "duplicate", "quarantined")
RUN = Run.at(AS_OF)


@dataclass
class Landed:
    """A sample workspace after landing."""

    ws: Workspace
    results: dict[str, LandingResult]

    def query(self, sql: str) -> list[tuple]:
        """Run SQL in which `{contract}` is the newest version of every row, and `{truth}` the folder of truth."""
        with duckdb.connect() as con:
            for contract in self.results:
                files = self.ws.lake / contract / "batch=*/*.parquet"
                version = load_contract("feeds", contract).version_column
                order = f"{version} desc nulls last, _row_hash desc" if version else "_row_hash desc"
                con.execute(
                    f"create view {contract} as select * from read_parquet('{files}', hive_partitioning = false) "
                    f"qualify row_number() over (partition by _row_key order by {order}) = 1"
                )
            return con.execute(sql.replace("{truth}", str(self.ws.root / "truth"))).fetchall()


def _expected(root: Path, contract: str) -> dict[str, tuple]:
    files = pl.read_parquet(root / "truth/landing_files.parquet")
    mine = files.filter((pl.col("contract") == contract) & ~pl.col("is_redelivery"))
    return {row[0]: row[1:] for row in mine.select("source_file", *COUNTS).rows()}


def _counted(result: LandingResult) -> dict[str, tuple]:
    return {one.source_file: tuple(getattr(one, name) for name in COUNTS) for one in result.batches}


def _reasons(root: Path, contract: str) -> dict[str, int]:
    reasons = pl.read_parquet(root / "truth/landing_reasons.parquet").filter(pl.col("contract") == contract)
    return dict(reasons.group_by("reason_code").agg(pl.col("rows").sum()).rows())


def _summed(result: LandingResult) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in result.batches:
        for reason, count in one.reasons.items():
            total[reason] = total.get(reason, 0) + count
    return total


@pytest.mark.parametrize("contract", ["crm_contracts", "ecommerce_accounts"])
def test_planted_rows_come_out_as_planted(tmp_path, contract):
    write_sample_workspace(tmp_path, people=900, seed=4)
    result = land_contract(Workspace.open(tmp_path), RUN, contract)
    assert _counted(result) == _expected(tmp_path, contract)
    assert _summed(result) == _reasons(tmp_path, contract) != {}


@pytest.fixture(scope="module")
def landed(tmp_path_factory) -> Landed:
    root = tmp_path_factory.mktemp("samples")
    write_sample_workspace(root, people=300, seed=7)
    ws = Workspace.open(root)
    contracts = [name for name in contract_names("feeds") if name != "activation_messages"]
    return Landed(ws, {name: land_contract(ws, RUN, name) for name in contracts})


@pytest.mark.slow
def test_every_file_lands_with_the_planted_counts(landed):
    root = landed.ws.root
    for contract, result in landed.results.items():
        assert result.failures == []
        assert _counted(result) == _expected(root, contract), contract
        assert _summed(result) == _reasons(root, contract), contract
        assert result.total("quarantined") <= 0.05 * result.total("rows_read"), contract
    files = pl.read_parquet(root / "truth/landing_files.parquet")
    assert files["superseded"].sum() > 0
    assert files["duplicate"].sum() > 0
    assert sum(len(result.skipped) for result in landed.results.values()) == files["is_redelivery"].sum() == 3


@pytest.mark.slow
def test_distinct_keys_are_what_was_accepted_for_the_first_time(landed):
    files = pl.read_parquet(landed.ws.root / "truth/landing_files.parquet")
    expected = files.group_by("contract").agg((pl.col("accepted") - pl.col("newer")).sum()).rows()
    assert {name: landed.query(f"select count(*) from {name}")[0][0] for name, _ in expected} == dict(expected)


@pytest.mark.slow
def test_truth_covers_every_record_and_nothing_else(landed):
    for contract in landed.results:
        file = landed.ws.root / f"truth/records/{contract}.parquet"
        if load_contract("feeds", contract).person_role == "none" and contract != "crm_companies":
            assert not file.exists()
            continue
        key = next(name for name in load_contract("feeds", contract).primary_key if name != "source_system")
        rows = landed.query(
            f"select count(*), count(t.person_id), (select count(*) from '{{truth}}/records/{contract}.parquet') "
            f"from {contract} as c left join '{{truth}}/records/{contract}.parquet' as t "
            f"on t.source_system = c.source_system and t.source_id = c.{key}"
        )
        assert len(set(rows[0])) == 1, (contract, rows)
    orphans = landed.query(
        "select count(*) from '{truth}/records/pos_sales.parquet' where person_id not in "
        "(select person_id from '{truth}/persons.parquet')"
    )
    assert orphans == [(0,)]


@pytest.mark.slow
def test_anonymous_means_that_landing_saw_no_evidence(landed):
    for contract in ("pos_sales", "campaign_responses", "crm_service_contacts"):
        key = load_contract("feeds", contract).primary_key[-1]
        wrong = landed.query(
            f"select count(*) from {contract} as c join '{{truth}}/records/{contract}.parquet' as t "
            f"on t.source_system = c.source_system and t.source_id = c.{key} "
            "where t.is_anonymous <> (c._record_id is null)"
        )
        assert wrong == [(0,)], contract


@pytest.mark.slow
def test_lines_add_up_to_their_receipt_and_order(landed):
    for head, line, key in (
        ("pos_sales", "pos_sale_lines", "source_sale_id"),
        ("ecommerce_orders", "ecommerce_order_lines", "source_order_id"),
    ):
        wrong = landed.query(
            f"with sums as (select {key}, sum(net_amount) as net, sum(discount_amount) as off, "
            f"sum(unit_list_price_amount * quantity) as gross from {line} group by 1) "
            f"select count(*) from {head} as h full join sums using ({key}) where sums.net is distinct from h.net_amount "
            "or sums.off is distinct from h.discount_amount or sums.gross is distinct from h.gross_amount "
            "or h.gross_amount - h.discount_amount <> h.net_amount"
        )
        assert wrong == [(0,)], head


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "campaign_responses r join campaign_contacts c using (source_contact_id) "
        "where r.responded_at < c.contacted_at or r.channel <> c.channel or c.is_control or c.status <> 'sent'",
        "campaign_responses r where source_contact_id not in (select source_contact_id from campaign_contacts)",
        "campaign_contacts where source_campaign_id not in (select source_campaign_id from campaigns)",
        "campaign_responses r left join (select source_sale_id as id, 'pos' as system from pos_sales union all "
        "select source_order_id, 'ecommerce' from ecommerce_orders) o on o.id = r.source_order_id and "
        "o.system = r.order_source_system where r.response_type = 'redemption' and o.id is null",
        "ecommerce_deliveries d left join ecommerce_orders o using (source_order_id) where o.source_order_id is null "
        "or d.shipped_at <= o.ordered_at or d.delivered_at <= d.shipped_at or o.status in ('cancelled', 'placed')",
        "ecommerce_events e left join ecommerce_orders o using (source_order_id) where e.event_type = 'purchase' "
        "and (o.source_order_id is null or abs(epoch(o.ordered_at - e.occurred_at)) > 3600)",
        "pos_sales r left join pos_sales s on s.source_sale_id = r.original_source_sale_id where r.sale_type = 'return' "
        "and r.original_source_sale_id is not null and (s.sale_type is distinct from 'sale' or r.sold_at <= s.sold_at "
        "or r.net_amount > s.net_amount)",
        "crm_service_contacts where answered_at < opened_at or resolved_at < answered_at",
        "crm_customers where customer_kind = 'person' and source_company_id is not null and source_company_id not in "
        "(select source_company_id from crm_companies)",
        "crm_contracts where ends_on < started_on or cancelled_on > date '2026-06-30'",
        "pos_sale_lines where product_id not in (select product_id from products)",
        "pos_sales where store_id not in (select store_id from stores)",
        "crm_customers where registered_at > updated_at or updated_at > timestamp '2026-06-30 03:00:00'",
    ],
)
def test_facts_agree_with_each_other(landed, sql):
    assert landed.query(f"select count(*) from {sql}") == [(0,)]


@pytest.mark.slow
def test_nothing_happens_after_as_of(landed):
    for contract in landed.results:
        loaded = load_contract("feeds", contract)
        for column in filter(None, (loaded.event_time_column, loaded.version_column)):
            late = landed.query(f"select count(*) from {contract} where {column} > timestamp '2026-06-30 03:00:00'")
            assert late == [(0,)], (contract, column)


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["BR", "PT", "ES"])
def test_every_mapping_fits_its_files(tmp_path, locale):
    write_sample_workspace(tmp_path, people=1500, seed=5, locale=locale)
    ws = Workspace.open(tmp_path)
    checks = {feed.name: check_feed(ws, RUN, feed.name) for feed in load_feeds(ws)}
    assert {name: check.error for name, check in checks.items() if check.error} == {}
    assert all(check.good_rows for check in checks.values())
    unmapped = {name: check.unmapped_columns for name, check in checks.items() if check.unmapped_columns}
    assert unmapped == {"crm_legacy_customers": ["OBS"]}
