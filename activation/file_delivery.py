"""Deliver to files: one folder for each delivery, complete with its manifest or not there at all.

    exports/<destination>/<sync>/<run>-<delivery>/{full.csv, delta.csv, manifest.json}

The folder is written aside and renamed into place, so a reader never meets half of one, and a crash at any point is
repaired by the same command: the delivery's name is made from its rows, an identical one is recognised and kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activation.configuration import FileDestination
from workspace.atomic import replace_dir, write_text_atomic
from workspace.sql import quote_identifier, quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from activation.loading import SyncDefinition
    from workspace.workspace import Workspace

MANIFEST = "manifest.json"
# A spreadsheet runs a cell that starts so; a telephone number in E.164 and a plain number are not formulas.
_FORMULA = "^[=+\\-@\\t\\r\\n＝＋－＠]"
_HARMLESS = "^(\\+[1-9][0-9]{6,14}|[+-]?[0-9]+([.,][0-9]+)?)$"


def deliver_files(ws: Workspace, con: DuckDBPyConnection, definition: SyncDefinition, run_id: str) -> tuple[Path, str]:
    """Write the planned rows and, for a mirror, the whole audience; return the folder and the delivery's key.

    Reads the temp tables `planned` and `payloads`.
    """
    destination = definition.destination
    assert isinstance(destination, FileDestination)  # noqa: S101 - the caller chose by type
    key = con.execute("select coalesce(sha256(string_agg(message_key, '' order by message_key)), '') from planned")
    delivery_key = str(key.fetchall()[0][0])
    parent = ws.exports / (destination.folder or definition.sync.destination) / definition.name
    target = parent / f"{run_id}-{delivery_key[:8]}"
    if is_complete(target, delivery_key):
        return target, delivery_key
    part = parent / f".{target.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    files = [_write(con, definition, destination, part, name) for name in _contents(definition, destination)]
    write_text_atomic(part / MANIFEST, _manifest(con, definition, run_id, delivery_key, files))
    replace_dir(part, target)
    return target, delivery_key


def is_complete(folder: Path, delivery_key: str) -> bool:
    """Tell whether a folder holds this delivery, every file with the digest that its manifest says."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return manifest["delivery_key"] == delivery_key and all(
            _digest(folder / file["name"]) == file["sha256"] for file in manifest["files"]
        )
    except (OSError, ValueError, KeyError):
        return False


def _contents(definition: SyncDefinition, destination: FileDestination) -> list[str]:
    # Only a mirror knows the whole membership; the other behaviours keep people whose data may be gone from the view.
    return [name for name in destination.contents if name == "delta" or definition.sync.behaviour == "mirror"]


def _write(
    con: DuckDBPyConnection, definition: SyncDefinition, destination: FileDestination, folder: Path, name: str
) -> dict[str, Any]:
    file = folder / f"{name}.{destination.format}"
    query = _full_query(definition, destination) if name == "full" else _delta_query(definition, destination)
    delimiter = "\t" if destination.delimiter == "tab" else destination.delimiter
    options = (
        f"format csv, header, delimiter {quote_literal(delimiter)}, quote '\"'"
        if destination.format == "csv"
        else "format json"
    )
    con.execute(f"copy ({query}) to {quote_literal(file)} ({options})")
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
    rows = con.execute(f"select count(*) from ({query})").fetchall()[0][0]
    return {"name": file.name, "rows": rows, "bytes": file.stat().st_size, "sha256": _digest(file)}


def _full_query(definition: SyncDefinition, destination: FileDestination) -> str:
    fields = ", ".join(_cell(definition, destination, name) for name in definition.columns)
    return f"select {fields} from payloads as p order by p._customer_id"


def _delta_query(definition: SyncDefinition, destination: FileDestination) -> str:
    fields = ", ".join(_cell(definition, destination, name) for name in definition.columns)
    keys = ", ".join(
        f"{_neutral(_sent(definition, name), definition, destination, name)} as {quote_identifier(name)}"
        if name in definition.sync.key
        else f"cast(null as {_type(definition, name)}) as {quote_identifier(name)}"
        for name in definition.columns
    )
    names = ", ".join(quote_identifier(name) for name in definition.columns)
    return (
        f"select operation, {names} from ("
        f"select d.operation, d.phase, d.customer_id as _customer_id, {fields} from planned as d "
        "join payloads as p on p._customer_id = d.customer_id where d.operation <> 'remove' "
        f"union all select d.operation, d.phase, d.customer_id, {keys} from planned as d "
        "where d.operation = 'remove' and not d.is_silent) order by phase, _customer_id"
    )


def _sent(definition: SyncDefinition, name: str) -> str:
    return f"cast(json_extract_string(d.sent_key, {quote_literal(f'$.{name}')}) as {_type(definition, name)})"


def _type(definition: SyncDefinition, name: str) -> str:
    return definition.export.contract.column(name).physical_type


def _cell(definition: SyncDefinition, destination: FileDestination, name: str) -> str:
    return f"{_neutral(f'p.{quote_identifier(name)}', definition, destination, name)} as {quote_identifier(name)}"


def _neutral(value: str, definition: SyncDefinition, destination: FileDestination, name: str) -> str:
    if destination.format != "csv" or _type(definition, name) != "VARCHAR":
        return value
    return (
        f"case when regexp_matches({value}, '{_FORMULA}') and not regexp_matches({value}, '{_HARMLESS}') "
        f"then '''' || {value} else {value} end"
    )


def _manifest(
    con: DuckDBPyConnection, definition: SyncDefinition, run_id: str, delivery_key: str, files: list[dict[str, Any]]
) -> str:
    counts = dict(con.execute("select operation, count(*) from planned where not is_silent group by 1").fetchall())
    contract = definition.export.contract
    document = {
        "sync_id": definition.name,
        "audience_id": definition.audience.name,
        "destination_id": definition.sync.destination,
        "run_id": run_id,
        "contract": f"exports/{contract.name}",
        "contract_version": contract.version,
        "behaviour": definition.sync.behaviour,
        "key": definition.sync.key,
        "delivery_key": delivery_key,
        "counts": {operation: counts.get(operation, 0) for operation in ("add", "change", "remove")},
        "files": files,
    }
    return json.dumps(document, indent=2) + "\n"


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
