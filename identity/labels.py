"""Hold a resolution against a sample that people labelled: precision, recall, purity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workspace.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection
    from polars import DataFrame

    from workspace.workspace import Workspace

Shape = Literal["pairs", "entities"]
COLUMNS: dict[Shape, tuple[str, ...]] = {
    "pairs": ("record_id_left", "record_id_right", "label"),
    "entities": ("record_id", "entity"),
}
_EXPECTED = " or ".join(",".join(columns) for columns in COLUMNS.values())
_RECORD_ID = r"^[0-9a-f]{32}$"


@dataclass(frozen=True)
class Labels:
    """What people said about records.

    Args:
        shape: `pairs` that are `same` or `different`, or records with the `entity` that each is.
        rows: Columns of the shape, all text.
    """

    shape: Shape
    rows: DataFrame


def labels_file(ws: Workspace) -> Path:
    """Return where the labelled sample stands; the file may not exist."""
    return ws.root / "identity" / "labels.csv"


def load_labels(ws: Workspace) -> Labels | None:
    """Read and check the labelled sample, or return None when there is none.

    Raises:
        ConfigErrors: the header, a record id or a label is not valid, or a pair or record stands there twice; each
            with its line.
    """
    import polars as pl

    file = labels_file(ws)
    if not file.is_file():
        return None
    try:
        rows = pl.read_csv(file, infer_schema=False).fill_null("")
    except pl.exceptions.PolarsError:
        raise ConfigError("not a CSV file with a header", file=file, line=1, expected=_EXPECTED) from None
    shape: Shape | None = next((one for one, columns in COLUMNS.items() if tuple(rows.columns) == columns), None)
    if shape is None:
        raise ConfigError("the header does not say what is labelled", file=file, line=1, expected=_EXPECTED)
    problems = _problems(rows, shape, file)
    if problems:
        raise ConfigErrors(problems)
    return Labels(shape, rows)


def require_labels(ws: Workspace) -> None:
    """Pass, or say that a budget has nothing to be measured on.

    Raises:
        ConfigErrors: workspace.yml asks for a least precision or recall and there is no labelled sample.
    """
    gates = ws.settings.gates
    asked = [name for name in ("min_precision", "min_recall") if getattr(gates, name) is not None]
    if asked and not labels_file(ws).is_file():
        raise ConfigErrors(
            [
                ConfigError(
                    "there is no labelled sample to measure it on", file=ws.root / "workspace.yml", key=f"gates.{name}",
                    expected=f"the file {labels_file(ws).relative_to(ws.root)} with {_EXPECTED}",
                )
                for name in asked
            ]
        )  # fmt: skip


def _problems(rows: DataFrame, shape: Shape, file: Path) -> list[ConfigError]:
    """Return at most a few problems with their lines; values are not told, they may be anything."""
    import polars as pl

    ids = [name for name in rows.columns if name.startswith("record_id")]
    checks = [
        (~pl.col(name).str.contains(_RECORD_ID), f"{name} is no record id", "32 hexadecimal digits") for name in ids
    ]
    key = pl.col("record_id") if shape == "entities" else pl.concat_str(
        pl.min_horizontal(ids), pl.max_horizontal(ids), separator=" "
    )  # fmt: skip
    if shape == "pairs":
        checks.append((~pl.col("label").is_in(["same", "different"]), "the label is unknown", "same or different"))
        checks.append((pl.col(ids[0]) == pl.col(ids[1]), "a record is paired with itself", "two records"))
    else:
        checks.append((pl.col("entity") == "", "the entity is empty", "any name for the person"))
    checks.append((~key.is_first_distinct(), "labelled a second time", "each pair or record once"))
    numbered = rows.with_row_index("line", offset=2)
    return [
        ConfigError(message, file=file, line=line, expected=expected)
        for wrong, message, expected in checks
        for line in numbered.filter(wrong).head(5)["line"].to_list()
    ]


def label_metrics(con: DuckDBPyConnection, labels: Labels, crosswalk: str, decided: DataFrame) -> dict[str, float]:
    """Return the metrics `labels_…` of a crosswalk.

    A pair is found when both records have one customer. Pairs that people decided are constraints of the resolution
    and would always pass: they are left out. Precision and recall are left out when there is nothing to divide by.

    Args:
        con: DuckDB connection.
        labels: The sample.
        crosswalk: SQL for (record_id, customer_id).
        decided: `record_id_left`, `record_id_right`, `decision` of the pairs that people decided.
    """
    con.register("label_rows", labels.rows)
    con.register("label_decisions", decided)
    _create_labelled_pairs(con, labels.shape, crosswalk)
    records, unknown = con.execute(
        f"with ids as ({_labelled_records(labels.shape)}) select count(*), "
        f"count(*) filter (record_id not in (select record_id from {crosswalk})) from ids"
    ).fetchall()[0]
    same, found, right = con.execute(
        "with placed as (select p.label, l.customer_id is not null and l.customer_id = r.customer_id as is_found "
        f"from labelled_pairs as p left join {crosswalk} as l on l.record_id = p.record_id_left "
        f"left join {crosswalk} as r on r.record_id = p.record_id_right) "
        "select count(*) filter (label = 'same'), count(*) filter (is_found), "
        "count(*) filter (is_found and label = 'same') from placed"
    ).fetchall()[0]
    metrics = {
        "labels_records": float(records),
        "labels_records_unknown": float(unknown),
        "labels_pairs_same": float(same),
        "labels_pairs_found": float(found),
        "labels_pairs_found_right": float(right),
    }
    if found:
        metrics["labels_precision"] = round(right / found, 6)
    if same:
        metrics["labels_recall"] = round(right / same, 6)
    if labels.shape == "entities":
        metrics |= _purity(con, crosswalk)
    con.unregister("label_rows")
    con.unregister("label_decisions")
    return metrics


def decision_metrics(con: DuckDBPyConnection, crosswalk: str, decided: DataFrame) -> dict[str, float]:
    """Return how many pairs people decided, and how many of them the crosswalk holds to: constraints, not a sample."""
    con.register("label_decisions", decided)
    pairs, kept = con.execute(
        "select count(*), count(*) filter ((decision = 'same') = "
        "(l.customer_id is not null and l.customer_id is not distinct from r.customer_id)) from label_decisions "
        f"left join {crosswalk} as l on l.record_id = record_id_left "
        f"left join {crosswalk} as r on r.record_id = record_id_right"
    ).fetchall()[0]
    con.unregister("label_decisions")
    return {"decisions_pairs": float(pairs), "decisions_pairs_kept": float(kept)}


def _labelled_records(shape: Shape) -> str:
    if shape == "entities":
        return "select record_id from label_rows"
    return "select record_id_left as record_id from label_rows union select record_id_right from label_rows"


def _create_labelled_pairs(con: DuckDBPyConnection, shape: Shape, crosswalk: str) -> None:
    """Create `labelled_pairs` (record_id_left, record_id_right, label), the smaller id first, without decided pairs.

    Of entities these are the pairs that count: records of one entity, and records of one customer.
    """
    pairs = (
        "select least(record_id_left, record_id_right) as record_id_left, "
        "greatest(record_id_left, record_id_right) as record_id_right, label from label_rows"
    )
    if shape == "entities":
        placed = f"(select l.*, c.customer_id from label_rows as l left join {crosswalk} as c using (record_id))"
        columns = (
            "select l.record_id as record_id_left, r.record_id as record_id_right, "
            "case when l.entity = r.entity then 'same' else 'different' end as label"
        )
        pairs = " union ".join(
            f"{columns} from {placed} as l join {placed} as r on r.{key} = l.{key} and l.record_id < r.record_id"
            for key in ("entity", "customer_id")
        )
    con.execute(
        f"create or replace temp table labelled_pairs as from ({pairs}) anti join label_decisions "
        "using (record_id_left, record_id_right)"
    )


def _purity(con: DuckDBPyConnection, crosswalk: str) -> dict[str, float]:
    """Return the share of labelled records that are of the most frequent entity of their customer."""
    rows = con.execute(
        "with counted as (select c.customer_id, l.entity, count(*) as n from label_rows as l "
        f"join {crosswalk} as c on c.record_id = l.record_id where c.customer_id is not null group by all), "
        "best as (select customer_id, max(n) as n, sum(n) as total from counted group by customer_id) "
        "select sum(n), sum(total) from best"
    ).fetchall()[0]
    return {"labels_purity": round(float(rows[0]) / float(rows[1]), 6)} if rows[1] else {}
