"""Write feed files in the forms real systems use, and keep the account of every row written."""

from __future__ import annotations

import gzip
import io
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

Outcome = Literal["accepted", "newer", "superseded", "duplicate", "quarantined"]
"""What landing makes of a row; `newer` is accepted too, as another version of a key in an earlier file."""


@dataclass(frozen=True)
class Form:
    """How a system writes its files."""

    kind: Literal["csv", "jsonl", "parquet"]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    is_compressed: bool = False

    def amount(self, cents: pl.Expr) -> pl.Expr:
        """Return an expression that writes whole cents as an amount: text in CSV, a number elsewhere."""
        if self.kind != "csv":
            return cents / 100
        whole, rest = (cents // 100).cast(pl.String), (cents % 100).cast(pl.String).str.zfill(2)
        return whole + self.decimal + rest


@dataclass(frozen=True)
class FeedFiles:
    """Where a feed's files go, their form, and how rows of it break."""

    contract: str
    feed: str
    stem: str
    """Path below landing without period and extension, for example `pos/vendas`."""
    form: Form
    key: str
    """Source column that identifies a row; broken rows get one of their own."""
    broken: tuple[tuple[str, str, str], ...] = ()
    """Column, value that cannot be read, reason code."""
    is_torn: bool = False
    """Whether one file also holds rows with a missing column, an unterminated quote or a cut line."""

    def name(self, period: str) -> str:
        """Return the file of a period."""
        return f"{self.stem}_{period}.{self.form.kind}{'.gz' if self.form.is_compressed else ''}"


@dataclass
class FileAccount:
    """What landing one file must give, when the files of a feed are landed in the order of their names."""

    contract: str
    feed: str
    rows: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    is_redelivery: bool = False


class Landing:
    """The files below one folder, appended to in portions so that memory stays flat."""

    def __init__(self, folder: Path, months_per_file: int) -> None:
        self.folder, self.months_per_file = folder, months_per_file
        self.accounts: dict[str, FileAccount] = {}
        self._parquet: dict[str, list[pl.DataFrame]] = {}

    def write(self, files: FeedFiles, name: str, frame: pl.DataFrame, outcome: Outcome = "accepted") -> None:
        """Append rows to a file, all of which shall end as `outcome` when they are landed."""
        if frame.is_empty():
            return
        self._account(files, name).rows[outcome] += len(frame)
        if files.form.kind == "parquet":
            self._parquet.setdefault(name, []).append(frame)
            return
        path = self._path(name)
        with io.BytesIO() as buffer:
            if files.form.kind == "csv":
                frame.write_csv(buffer, separator=files.form.delimiter, include_header=not path.exists())
            else:
                frame.write_ndjson(buffer)
            self._append(path, buffer.getvalue(), files.form)

    def write_broken(self, files: FeedFiles, name: str, lines: list[tuple[str, str]]) -> None:
        """Append raw lines that shall be quarantined, each with its reason code; the header must stand already."""
        account = self._account(files, name)
        account.rows["quarantined"] += len(lines)
        account.reasons.update(reason for _, reason in lines)
        self._append(self._path(name), "".join(f"{line}\n" for line, _ in lines).encode("utf-8"), files.form)

    def redeliver(self, name: str, other_name: str) -> None:
        """Deliver the same bytes again under another name, if the file exists; landing must skip the second."""
        if name not in self.accounts:
            return
        shutil.copyfile(self._path(name), self._path(other_name))
        original = self.accounts[name]
        self.accounts[other_name] = FileAccount(original.contract, original.feed, is_redelivery=True)

    def close(self) -> None:
        """Write the Parquet files, which cannot be appended to."""
        for name, frames in self._parquet.items():
            pl.concat(frames).write_parquet(self._path(name), compression="zstd", statistics=False)
        self._parquet.clear()

    def _account(self, files: FeedFiles, name: str) -> FileAccount:
        return self.accounts.setdefault(name, FileAccount(files.contract, files.feed))

    def _path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _append(self, path: Path, data: bytes, form: Form) -> None:
        if form.encoding != "utf-8":
            data = data.decode("utf-8").encode(form.encoding)
        if form.is_compressed:
            data = gzip.compress(data, compresslevel=4, mtime=0)
        with path.open("ab") as handle:
            handle.write(data)
