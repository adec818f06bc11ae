"""Same input, same output: order of rows and files, threads and size of deliveries do not show in the marts."""

from __future__ import annotations

from pathlib import Path

from sample_company import (
    change_setting,
    mart_contents,
    operations_of,
    published,
    reverse_file_order,
    run,
    shuffle_rows,
    split_files,
)

from workspace.workspace import Workspace


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def test_marts_are_the_same_when_rows_and_files_are_shuffled_and_threads_differ(
    finished_folder: Path, fresh: Path
) -> None:
    shuffle_rows(fresh, seed=3)
    reverse_file_order(fresh)
    change_setting(fresh, "threads: 1")
    assert run(fresh) == "pass"
    assert differing(mart_contents(finished_folder), mart_contents(fresh)) == set()


def test_marts_are_the_same_when_deliveries_come_in_many_small_pieces(finished_folder: Path, fresh: Path) -> None:
    from data_contracts.loader import contract_names
    from ingestion.landing import land_contract
    from workspace.runs import begin_run

    workspace = Workspace.open(fresh)
    for pieces in split_files(fresh, 4):
        for file, content in pieces:
            file.write_bytes(content)
        for contract in contract_names("feeds"):
            land_contract(workspace, begin_run(workspace), contract)
    assert run(fresh) == "pass"
    assert differing(mart_contents(finished_folder), mart_contents(fresh)) == set()


def test_second_run_changes_nothing_when_nothing_is_new(finished: Path) -> None:
    before, sent = mart_contents(finished), operations_of(finished, "select count(*) from ops.sync_rows")
    # What the first run sent comes back as a feed once; after that there is nothing new.
    assert run(finished) == "pass"
    assert run(finished) == "pass"
    assert operations_of(finished, "select count(*) from ops.sync_rows") == sent
    assert differing(before, mart_contents(finished)) <= {
        f"marts.{name}"
        for (name,) in published(
            finished,
            "select table_name from information_schema.tables where table_schema = 'marts' and (table_name like '%interaction%' "
            "or table_name like 'customer_360' or table_name like '%channel%' or table_name like '%journey%' "
            "or table_name like '%touch%' or table_name like '%attribution%')",
        )
    }
