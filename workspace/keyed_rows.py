"""Read a few rows of a Parquet file by their keys, without a database.

DuckDB plans each question anew over all row groups of a file, which takes longer than to read the few rows asked for.
Here a process keeps what a file says of itself, looks the keys up in the bounds of its row groups, and reads only the
groups that may hold them: an order of the file makes that cheap, and any order is right.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from functools import reduce
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pyarrow import Array, DataType, MemoryMappedFile, Table
    from pyarrow.parquet import FileMetaData, ParquetFile

_KEPT = 16
"""Files of which the footers are kept."""
_TOGETHER = 8
"""Row groups read at once."""
_Bounds = tuple[list[Any], list[Any]]
_Stamp = tuple[int, int, int, int]


class _Footer:
    """What a file says of itself, and where in it the values of columns may stand."""

    def __init__(self, stamp: _Stamp, metadata: FileMetaData) -> None:
        self.stamp, self.metadata = stamp, metadata
        self._bounds: dict[str, _Bounds | None] = {}

    def groups(self, name: str, values: Sequence[Any]) -> list[int]:
        """Return the row groups in which a column may hold one of the values."""
        if name not in self._bounds:
            self._bounds[name] = self._read_bounds(name)
        bounds = self._bounds[name]
        if bounds is None:
            return [*range(self.metadata.num_row_groups)]
        lows, highs = bounds
        return sorted({group for one in values for group in range(bisect_left(highs, one), bisect_right(lows, one))})

    def _read_bounds(self, name: str) -> _Bounds | None:
        """Return the least value from each row group on and the greatest up to it, or None where one has none."""
        place = self.metadata.schema.names.index(name)
        groups = range(self.metadata.num_row_groups)
        known = [self.metadata.row_group(group).column(place).statistics for group in groups]
        if not all(one is not None and one.has_min_max for one in known):
            return None
        lows = list(accumulate((one.min for one in reversed(known)), min))
        return lows[::-1], list(accumulate((one.max for one in known), max))


_footers: OrderedDict[Path, _Footer] = OrderedDict()


def column_names(file: Path) -> frozenset[str]:
    """Return the columns of a file.

    Raises:
        FileNotFoundError: there is no such file.
    """
    source, footer = _open(file)
    source.close()
    return frozenset(footer.metadata.schema.names)


def read_rows(file: Path, columns: Sequence[str], /, **among: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a file whose named columns hold one of the values given for them, in the order of the file.

    Args:
        file: Parquet file without nested columns.
        columns: Columns that are returned.
        among: Texts or numbers by column; row groups are told apart by the first column. Without any all rows
            are returned.

    Raises:
        FileNotFoundError: there is no such file.
    """
    from pyarrow.parquet import ParquetFile

    wanted = {name: sorted(set(values)) for name, values in among.items()}
    if not all(wanted.values()):
        return []
    rows: list[tuple[Any, ...]] = []
    source, footer = _open(file)
    with source:
        parquet = ParquetFile(source, metadata=footer.metadata)
        if not wanted:
            return _as_tuples([parquet.read(columns=[*columns])], columns)
        groups = footer.groups(*next(iter(wanted.items())))
        for start in range(0, len(groups), _TOGETHER):
            rows += _rows_of(parquet, groups[start : start + _TOGETHER], columns, wanted)
    return rows


def _rows_of(
    parquet: ParquetFile, groups: Sequence[int], columns: Sequence[str], wanted: Mapping[str, Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Return the rows of some groups; columns that are not looked up in are read only where a row was found."""
    import pyarrow.compute as pc

    tables = _read_apart(parquet, groups, [*wanted])
    values = {name: _array(one, tables[0][name].type) for name, one in wanted.items()}
    places = [
        pc.indices_nonzero(reduce(pc.and_, (pc.is_in(table[name], one) for name, one in values.items())))
        for table in tables
    ]
    found = [number for number, one in enumerate(places) if len(one)]
    others = [name for name in columns if name not in wanted]
    read = _read_apart(parquet, [groups[number] for number in found], others)
    rows: list[tuple[Any, ...]] = []
    for number, rest in zip(found, read, strict=True):
        rows += _as_tuples([part.take(places[number]) for part in (tables[number], rest)], columns)
    return rows


def _read_apart(parquet: ParquetFile, groups: Sequence[int], columns: Sequence[str]) -> list[Table]:
    """Read row groups at once, by threads, and return each: of one alone rows are taken without copying the others."""
    if not groups:
        return []
    sizes = [parquet.metadata.row_group(group).num_rows for group in groups]
    read = parquet.read_row_groups(groups, columns=columns)
    return [read.slice(start, size) for start, size in zip(accumulate(sizes, initial=0), sizes, strict=False)]


def _as_tuples(parts: Sequence[Table], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    found = {name: part[name].to_pylist() for part in parts for name in part.column_names}
    return list(zip(*(found[name] for name in columns), strict=True))


def _array(values: Sequence[Any], kind: DataType) -> Array:
    """Return values as Arrow has them, without `pyarrow.array`: it imports pandas, half a second in a new process."""
    import numpy as np
    import pyarrow as pa

    if not isinstance(values[0], str):
        numbers = np.array(values, kind.to_pandas_dtype())
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(numbers)])
    texts = [one.encode() for one in values]
    ends = np.array([*accumulate(map(len, texts), initial=0)], np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers).cast(kind)


def _open(file: Path) -> tuple[MemoryMappedFile, _Footer]:
    """Return a file that threads of Arrow can read, and its footer, read once in a process and again for another file.

    Arrow opens it, not Python: a thread that lets go of an object of Python while the process ends would end it badly
    (github.com/apache/arrow/issues/50482).
    """
    import pyarrow as pa
    from pyarrow.parquet import read_metadata

    while True:
        stamp = _stamp(file)
        source = pa.memory_map(str(file))
        if _stamp(file) == stamp:
            break
        source.close()
    footer = _footers.get(file)
    if footer is None or footer.stamp != stamp:
        footer = _footers[file] = _Footer(stamp, read_metadata(source))
        while len(_footers) > _KEPT:
            _footers.popitem(last=False)
    return source, footer


def _stamp(file: Path) -> _Stamp:
    status = file.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
