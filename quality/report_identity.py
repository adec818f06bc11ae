"""The metrics of a resolution as lines of the report: what joined records, what changed, how large customers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZES = ("1", "2_to_3", "4_to_10", "11_to_25", "over_25")
_LABELS = {
    "labels_precision": "precision",
    "labels_recall": "recall",
    "labels_purity": "purity",
    "labels_records": "records labelled",
    "labels_records_unknown": "of them not in the lake",
}


@dataclass(frozen=True)
class Line:
    """One line: what is told, its parts with their values as text, and a remark."""

    title: str
    parts: list[tuple[str, str]]
    remark: str = ""


def describe_resolution(metrics: Mapping[str, float]) -> list[Line]:
    """Return the lines that the metrics of a run have something to say to, in reading order."""
    share = metrics.get("records_unidentified_share", 0)
    unidentified = f"{100 * share:.1f} % of the records identify nobody" if "records" in metrics else ""
    lines = [
        Line(
            "records to customers", _named(metrics, ("records", "customers", "households", "companies")), unidentified
        ),
        Line("records of a customer", _sizes(metrics), _largest(metrics)),
        Line("joined by", _counts(metrics, "edges_", left_out=("refused",)), _refused(metrics)),
        Line("ids changed", _counts(metrics, "changes_"), "records by kind of change"),
        Line("values blocked by guards", _counts(metrics, "guards_blocked_"), "too many people share them"),
        Line("guards that turned", _counts(metrics, "guard_flips_"), "values decided otherwise than in the last view"),
        Line("labelled sample", _labels(metrics)),
        Line("decided by people", _decisions(metrics), "constraints, so no proof of quality"),
    ]
    return [one for one in lines if one.parts]


def _named(metrics: Mapping[str, float], names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, f"{metrics[name]:,.0f}") for name in names if metrics.get(name)]


def _counts(metrics: Mapping[str, float], prefix: str, left_out: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix) and value}
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [(name.replace("_", " "), f"{value:,.0f}") for name, value in ranked if name not in left_out]


def _sizes(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    values = {size: metrics.get(f"customers_of_{size}_records", 0) for size in _SIZES}
    return [(size.replace("_", " "), f"{value:,.0f}") for size, value in values.items() if value]


def _largest(metrics: Mapping[str, float]) -> str:
    largest = metrics.get("largest_customer_records")
    return f"the largest has {largest:,.0f}" if largest else ""


def _refused(metrics: Mapping[str, float]) -> str:
    refused = metrics.get("edges_refused")
    return f"{refused:,.0f} links stayed apart" if refused else ""


def _labels(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    known = {words: metrics[name] for name, words in _LABELS.items() if name in metrics}
    return [(words, f"{value:,.0f}" if "record" in words or "lake" in words else f"{value:.4f}")
            for words, value in known.items()]  # fmt: skip


def _decisions(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    if not metrics.get("decisions_pairs"):
        return []
    return [("pairs", f"{metrics['decisions_pairs']:,.0f}"), ("held to", f"{metrics['decisions_pairs_kept']:,.0f}")]
