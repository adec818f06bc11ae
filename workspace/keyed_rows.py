"""Read a few rows of a Parquet file by their keys, without a database.

DuckDB plans each question anew over all row groups of a file, which takes longer than to read the few rows asked for.
Here a process keeps what a file says of itself, looks the keys up in the bounds of its row groups, and reads only the
groups that may hold them: an order of the file makes that cheap, and any order is right.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from functools import reduce
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pyarrow import Array, DataType
    from pyarrow.parquet import FileMetaData, ParquetFile

_KEPT = 16
"""Files of which the footers are kept."""
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
    with file.open("rb", buffering=0) as source:
        return frozenset(_footer(file, source).metadata.schema.names)


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
    with file.open("rb", buffering=0) as source:
        footer = _footer(file, source)
        parquet = ParquetFile(source, metadata=footer.metadata)
        groups = footer.groups(*next(iter(wanted.items()))) if wanted else range(footer.metadata.num_row_groups)
        for group in groups:
            rows += _rows_of(parquet, group, columns, wanted)
    return rows


def _rows_of(
    parquet: ParquetFile, group: int, columns: Sequence[str], wanted: Mapping[str, Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Return the rows of a group; columns that are not looked up in are read only where a row was found."""
    import pyarrow.compute as pc

    parts = []
    places = None
    if wanted:
        keys = parquet.read_row_group(group, columns=[*wanted], use_threads=False)
        held = [pc.is_in(keys[name], _array(values, keys[name].type)) for name, values in wanted.items()]
        places = pc.indices_nonzero(reduce(pc.and_, held))
        if not len(places):
            return []
        parts.append(keys.take(places))
    others = [name for name in columns if name not in wanted]
    if others:
        read = parquet.read_row_group(group, columns=others, use_threads=False)
        parts.append(read if places is None else read.take(places))
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


def _footer(file: Path, source: BinaryIO) -> _Footer:
    """Return what an open file says of itself, read once in a process, and again when another file has its name."""
    from pyarrow.parquet import read_metadata

    status = os.fstat(source.fileno())
    stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    footer = _footers.get(file)
    if footer is None or footer.stamp != stamp:
        footer = _footers[file] = _Footer(stamp, read_metadata(source))
        while len(_footers) > _KEPT:
            _footers.popitem(last=False)
    return footer
