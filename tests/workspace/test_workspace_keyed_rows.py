"""Rows by their keys: the same that DuckDB finds, whatever the order of the file, and only what may hold them is read."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workspace import keyed_rows
from workspace.keyed_rows import read_rows
from workspace.sql import connect

ROWS = 12_000
ASKED = [0, 1, 4_095, 4_096, 7_777, 9_999, ROWS - 1, ROWS]


def write(file, order, select="*"):
    """Write rows with keys of several types, some of them held twice, in this order."""
    with connect() as con:
        con.execute(
            f"""
            copy (
                select {select} from (
                    select md5('' || n) as id, n, cast(18446744073709000000 + n as UBIGINT) as big, md5('' || n)::UUID as mark,
                        if(n % 3 = 0, null, n) as gap, date '2020-01-01' + n as day, n % 5 = 0 as is_fifth, 'd''Á' as name
                    from (select cast(n as INTEGER) as n from (from range({ROWS}) union all from range(20)) r (n))
                ) order by {order}
            ) to '{file}' (format parquet, row_group_size 2048)
            """
        )
    return file


@pytest.fixture(params=["id, n", "n", "hash(n), n"])
def table(request, tmp_path):
    return write(tmp_path / "table.parquet", request.param)


@pytest.mark.parametrize("key", ["id", "n", "big", "gap"])
def test_rows_are_those_that_a_database_finds_in_the_order_of_the_file(table, key):
    with connect() as con:
        asked = f"select {key} from '{table}' where {key} is not null and n in ({', '.join(map(str, ASKED))})"
        values = [row[0] for row in con.execute(asked).fetchall()]
        found = f"select id, n, day, is_fifth, name from '{table}' where {key} in ({asked}) order by file_row_number"
        expected = con.execute(found).fetchall()
    assert len(expected) >= 5
    assert read_rows(table, ["id", "n", "day", "is_fifth", "name"], **{key: values}) == expected


def test_columns_are_met_together_and_without_any_all_rows_come(table):
    assert read_rows(table, ["n", "name"], n=[3, 4, 5], gap=[5, 6]) == [(5, "d'Á")] * 2
    assert read_rows(table, ["day"], n=[3_000], gap=[3_001]) == []
    assert read_rows(table, ["day"], n=[]) == []
    assert len(read_rows(table, ["n", "day"])) == ROWS + 20


def test_values_of_every_type_are_those_of_python(table):
    found = read_rows(table, ["mark", "day", "big", "gap", "is_fifth"], n=[6_000])
    mark = UUID(read_rows(table, ["id"], n=[6_000])[0][0])
    assert found == [(mark, date(2036, 6, 5), 18446744073709006000, None, True)]


def test_few_groups_of_a_sorted_file_are_read_and_fewer_columns_where_nothing_is_found(tmp_path, monkeypatch):
    file = write(tmp_path / "table.parquet", "n", "* exclude (gap)")
    read = []
    whole = pq.ParquetFile.read_row_groups

    def spied(self, groups, columns):
        read.append((groups, columns))
        return whole(self, groups, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", spied)
    assert len(read_rows(file, ["n", "name"], n=[9_000])) == 1
    assert [columns for _, columns in read] == [["n"], ["name"]] and {len(groups) for groups, _ in read} == {1}
    read.clear()
    assert read_rows(file, ["name"], id=["0" * 32]) == [] and read == []
    assert read_rows(file, ["name"], id=["8" * 32]) == []
    assert read and all(columns == ["id"] for _, columns in read)


def test_rows_of_many_groups_stand_in_the_order_of_the_file(tmp_path):
    file = tmp_path / "table.parquet"
    pq.write_table(pa.table({"n": range(10_000), "name": [f"n{n}" for n in range(10_000)]}), file, row_group_size=500)
    asked = [*range(9_999, 0, -250)]
    assert pq.read_metadata(file).num_row_groups > keyed_rows._TOGETHER
    assert [row[0] for row in read_rows(file, ["n"], n=asked)] == sorted(asked)
    kept = read_rows(file, ["name", "n"], n=asked, name=["n9999", "n249", "n5000"])
    assert kept == [("n249", 249), ("n9999", 9_999)]


def test_file_without_bounds_is_searched_as_a_whole(tmp_path):
    file = tmp_path / "table.parquet"
    table = pa.table({"id": ["b", None, "a", "c"], "n": [1, 2, 3, 4]})
    pq.write_table(table, file, write_statistics=False, row_group_size=2)
    assert read_rows(file, ["n"], id=["a", "b"]) == [(1,), (3,)]
    pq.write_table(pa.table({"id": pa.array([None, None], pa.string()), "n": [1, 2]}), file)
    assert read_rows(file, ["n"], id=["a"]) == []


def test_file_with_another_content_is_read_anew(tmp_path):
    file = tmp_path / "table.parquet"
    for content in ("ab", "cd"):
        part = tmp_path / "part"
        pq.write_table(pa.table({"id": [*content]}), part)
        part.replace(file)
        assert read_rows(file, ["id"], id=[*"abcd"]) == [(one,) for one in content]


def test_empty_file_and_missing_file(tmp_path):
    file = tmp_path / "table.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), file)
    assert read_rows(file, ["id"], id=["a"]) == []
    with pytest.raises(FileNotFoundError):
        read_rows(tmp_path / "none.parquet", ["id"], id=["a"])


def test_footers_of_few_files_are_kept(tmp_path):
    for number in range(keyed_rows._KEPT + 3):
        file = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({"id": [number]}), file)
        assert read_rows(file, ["id"], id=[number]) == [(number,)]
    assert len(keyed_rows._footers) == keyed_rows._KEPT


def test_texts_beyond_ascii_and_numbers_of_every_size_are_found(tmp_path):
    file = tmp_path / "table.parquet"
    texts, numbers = ["", "d'Á", "ção", "漢字", "x" * 300], [-(2**31), -1, 0, 7, 2**31 - 1]
    for kind in (pa.string(), pa.large_string()):
        columns = {"text": pa.array(texts, kind), "small": pa.array(numbers, pa.int32()), "real": [0.5, 1, 2, 3, -4.25]}
        pq.write_table(pa.table(columns), file, row_group_size=2)
        for place, text in enumerate(texts):
            assert read_rows(file, ["small"], text=[text, "none"]) == [(numbers[place],)]
        assert read_rows(file, ["text"], small=numbers[::2]) == [(one,) for one in texts[::2]]
        assert read_rows(file, ["small"], real=[-4.25, 0.5]) == [(numbers[0],), (numbers[4],)]


def test_pandas_is_not_imported(table):
    code = (
        "import sys; from pathlib import Path; from workspace.keyed_rows import read_rows; "
        f"assert read_rows(Path({str(table)!r}), ['id', 'day'], n=[1, 2], id=[{'0' * 32!r}]) == []; "
        f"assert len(read_rows(Path({str(table)!r}), ['id', 'day', 'mark'], n=[1, 2])) == 4; "
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
