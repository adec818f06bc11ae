"""What the gate shows of identities: the figures that the audit recorded, beside those of the tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from identity.resolving import IdentityResult
from orchestration.asset_keys import CROSSWALK
from orchestration.pipeline import Pipeline
from orchestration.quality_assets import observed_identities
from quality.identity_metrics import record_identity_metrics
from quality.operations_tables import quality_operations
from quality.results import CheckResult
from workspace.runs import Run
from workspace.workspace import Workspace

RUN = Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC))
TOLD = {
    "records": 9.0, "customers": 4.0, "changes_merge": 2.0, "changes_split": 1.0, "largest_customer_records": 5.0,
    "customers_of_4_to_10_records": 1.0,
}  # fmt: skip
AUDITED = {"guard_flips": 3.0, "guard_flips_phone": 3.0, "labels_precision": 0.98, "labels_purity": 0.97}


def test_audit_observes_the_crosswalk_with_what_it_found_out(shop: Workspace) -> None:
    moved = CheckResult("budget", "identity/customer_crosswalk", "customer_id_churn", failing_count=2)
    with quality_operations(shop) as con:
        record_identity_metrics(con, RUN, TOLD | AUDITED, [moved])
    pipeline = Pipeline(shop, RUN, identity=IdentityResult(Path("nowhere"), TOLD))
    observed = observed_identities(pipeline)
    assert observed.asset_key == CROSSWALK
    shown = {name: value.value for name, value in observed.metadata.items()}
    words = str(shown.pop("resolution"))
    assert shown == AUDITED | {"published_customers_moved": 2.0}
    assert "| guards that turned | phone 3 |" in words
    assert "| labelled sample | precision 0.9800, purity 0.9700 |" in words
    assert "| ids changed | merge 2, split 1 |" in words
    assert "the largest has 5" in words


def test_everything_recorded_is_plotted_when_another_process_resolved(shop: Workspace) -> None:
    with quality_operations(shop) as con:
        record_identity_metrics(con, RUN, TOLD | AUDITED, [])
    shown = observed_identities(Pipeline(shop, RUN)).metadata
    assert {name for name in shown if name != "resolution"} == {*TOLD, *AUDITED}


def test_a_run_without_figures_shows_none(shop: Workspace) -> None:
    shown = observed_identities(Pipeline(shop, RUN)).metadata
    assert {name: value.value for name, value in shown.items()} == {"resolution": "nothing to show"}
