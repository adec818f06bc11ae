"""What readers see: a whole publication, always, whatever happens to the run."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from small_house import FIRST, SECOND, THIRD, OpenReader, build, decide_for, published_rows

from quality.operations_tables import quality_operations
from quality.publications import current_publication, kept_publications, recover_publications
from quality.publishing import is_unchanged, publish, refresh_operations, rollback
from workspace.errors import GateRefused, UnavistaError
from workspace.workspace import Workspace

COUNT = "select count(*) from marts.fct_orders"
ONE_LESS = "delete from marts.fct_orders where order_id = 'o1'"


@pytest.fixture
def published(built: Workspace) -> Workspace:
    decide_for(built, FIRST)
    publish(built, FIRST)
    return built


def publish_next(ws: Workspace, run=SECOND, *statements: str) -> None:
    build(ws, *statements)
    decide_for(ws, run)
    publish(ws, run)


def test_publication_is_whole_when_published(published: Workspace) -> None:
    folder = published.current.resolve()
    assert folder == published.publications / FIRST.run_id
    assert published_rows(published, COUNT) == [(6,)]
    assert sorted(file.name for file in (published.warehouse / "marts").iterdir()) == [
        "dim_customers.parquet",
        "fct_campaign_contacts.parquet",
        "fct_orders.parquet",
        "fct_service_contacts.parquet",
    ]
    assert (folder / "identity" / "customer_crosswalk.parquet").exists()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["tables"]["marts.fct_orders"]["rows"] == 6
    schemas = published_rows(published, "select distinct table_schema from information_schema.tables order by 1")
    assert schemas == [("marts",), ("ops",), ("restricted",)]
    assert not list(folder.glob("*.wal"))


def test_tables_explain_themselves_when_published(published: Workspace) -> None:
    query = "select comment from duckdb_columns() where table_name = 'fct_orders' and column_name = 'net_amount'"
    assert published_rows(published, query) == [("The net_amount.",)]


def test_rows_stand_in_key_order_when_published(published: Workspace) -> None:
    keys = duckdb.sql(f"select order_id from '{published.warehouse}/marts/fct_orders.parquet'").fetchall()
    assert keys == sorted(keys)


def test_nothing_moves_when_published_twice(published: Workspace) -> None:
    before = published.current.resolve()
    publish(published, FIRST)
    assert published.current.resolve() == before
    assert len(kept_publications(published)) == 1


def test_publish_is_refused_when_not_audited(built: Workspace) -> None:
    with pytest.raises(GateRefused, match="has not been audited"):
        publish(built, FIRST)
    assert not built.current.exists()


def test_publish_is_refused_when_the_build_changed_after_its_audit(published: Workspace) -> None:
    build(published)
    decide_for(published, SECOND)
    build(published, ONE_LESS)
    with pytest.raises(GateRefused, match="changed after its audit"):
        publish(published, SECOND)
    assert published_rows(published, COUNT) == [(6,)]
    assert current_publication(published).run_id == FIRST.run_id


def test_a_second_folder_is_made_when_the_same_run_is_published_with_other_rows(published: Workspace) -> None:
    publish_next(published, FIRST, ONE_LESS)
    assert published.current.resolve().name == f"{FIRST.run_id}.2"
    assert published_rows(published, COUNT) == [(5,)]
    publish_next(published, FIRST)
    assert len(kept_publications(published)) == 2
    assert published_rows(published, COUNT) == [(6,)]


def test_an_open_reader_keeps_its_view_when_the_next_run_publishes(published: Workspace) -> None:
    with OpenReader(published.published_file) as reader:
        refresh_operations(published)
        publish_next(published, SECOND, ONE_LESS)
        publish_next(published, THIRD, ONE_LESS, "delete from marts.fct_orders where order_id = 'o2'")
        assert reader.ask(COUNT) == "[(6,)]", "even after its publication was pruned"
        assert published_rows(published, COUNT) == [(4,)]


def test_files_are_read_only_when_published(published: Workspace) -> None:
    for file in [published.published_file, *(published.warehouse / "marts").iterdir()]:
        assert file.stat().st_mode & 0o222 == 0


def test_parquet_is_linked_when_a_mart_did_not_change(published: Workspace) -> None:
    publish_next(published, SECOND, ONE_LESS)
    old, new = published.publications / FIRST.run_id / "marts", published.warehouse / "marts"
    assert (old / "dim_customers.parquet").samefile(new / "dim_customers.parquet")
    assert not (old / "fct_orders.parquet").samefile(new / "fct_orders.parquet")


def test_the_view_before_is_back_when_rolled_back(published: Workspace) -> None:
    publish_next(published, SECOND, ONE_LESS)
    assert rollback(published).run_id == FIRST.run_id
    assert published_rows(published, COUNT) == [(6,)]
    with pytest.raises(UnavistaError, match="oldest publication kept"):
        rollback(published)
    publish_next(published, THIRD, ONE_LESS)
    assert [one.run_id for one in kept_publications(published)] == [FIRST.run_id, THIRD.run_id]
    assert rollback(published).run_id == FIRST.run_id, "and not the one that was turned away from"


def test_rollback_is_refused_when_nothing_is_published(ws: Workspace) -> None:
    with pytest.raises(UnavistaError, match="nothing is published"):
        rollback(ws)


def test_old_publications_go_when_more_than_kept(published: Workspace) -> None:
    publish_next(published, SECOND, ONE_LESS)
    publish_next(published, THIRD)
    assert [one.run_id for one in kept_publications(published)] == [SECOND.run_id, THIRD.run_id]


def test_operations_are_fresh_when_refreshed(published: Workspace) -> None:
    with quality_operations(published) as con:
        con.execute("create table sync_runs as select 7 as number")
    refresh_operations(published)
    assert published_rows(published, "select number from ops.sync_runs") == [(7,)]
    assert published_rows(published, COUNT) == [(6,)]
    assert published_rows(published, "select status from ops.verdicts") == [("pass",)]


def test_leftovers_go_when_a_crash_left_them(published: Workspace) -> None:
    half = published.publications / f".{SECOND.run_id}.part"
    unseen = published.publications / SECOND.run_id
    for folder in (half, unseen):
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
    assert recover_publications(published) == [half.name, unseen.name]
    assert published_rows(published, COUNT) == [(6,)]


def test_run_is_unchanged_only_when_every_input_is(built: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_unchanged(built, FIRST)
    decide_for(built, FIRST)
    publish(built, FIRST)
    assert is_unchanged(built, FIRST)
    assert not is_unchanged(built, SECOND), "another instant"
    for change in (built.root / "segments" / "vip.yml", built.root / "identity.yml", a_manifest(built)):
        change.parent.mkdir(exist_ok=True)
        before = change.read_text() if change.exists() else None
        change.write_text((before or "") + "\n")
        assert not is_unchanged(built, FIRST), change
        change.write_text(before) if before else change.unlink()
    assert is_unchanged(built, FIRST)
    (built.root / "audiences").mkdir()
    (built.root / "audiences" / "vip.yml").write_text("audience: vip\n")
    assert is_unchanged(built, FIRST), "what is sent does not change what is published"
    monkeypatch.setenv("UNAVISTA_HASH_SALT", "pepper")
    assert not is_unchanged(built, FIRST)


def a_manifest(ws: Workspace) -> Path:
    return next((ws.lake / "manifest" / "ecommerce_orders").glob("*.json"))


def test_an_edit_during_the_build_is_not_taken_for_built_when_published(built: Workspace) -> None:
    assert not is_unchanged(built, FIRST)
    (built.root / "identity.yml").write_text("# edited while the models were running\n")
    decide_for(built, FIRST)
    publish(built, FIRST)
    assert not is_unchanged(built, FIRST)


def test_run_is_unchanged_when_other_inputs_gave_the_same_rows(published: Workspace) -> None:
    (published.root / "identity.yml").write_text("# a remark changes no row\n")
    assert not is_unchanged(published, FIRST)
    before = current_publication(published)
    decide_for(published, FIRST)
    assert before and publish(published, FIRST).folder == before.folder
    assert is_unchanged(published, FIRST)
