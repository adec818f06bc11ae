"""The dbt models as Dagster has to know them, read from the parsed project (manifest.json)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

# An asset for each node of these kinds; tests become checks, and everything else has no rows to show.
_KINDS = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class ModelNode:
    """One model or seed: where it stands, what it reads and which tests guard it."""

    unique_id: str
    name: str
    kind: str
    layer: str
    """Folder below models/: staging, intermediate, marts, restricted."""
    domain: str
    schema: str
    access: str
    description: str
    materialized: str
    columns: tuple[Mapping[str, Any], ...]
    parents: tuple[str, ...]
    """Unique ids of models and seeds."""
    sources: tuple[tuple[str, str], ...]
    """Source and table names."""
    tests: tuple[str, ...]
    """Unique ids of the data tests that judge this model."""

    @property
    def has_personal_data(self) -> bool:
        """Tell whether a column is tagged as personal data."""
        return any("pii" in column["tags"] for column in self.columns)


def model_nodes(manifest: Mapping[str, Any]) -> list[ModelNode]:
    """Return the models and seeds of a manifest, parents before children, each with its tests."""
    nodes = manifest["nodes"]
    sources = {key: (node["source_name"], node["name"]) for key, node in manifest["sources"].items()}
    chosen = {key: node for key, node in nodes.items() if node["resource_type"] in _KINDS}
    tests: dict[str, list[str]] = {}
    for key, node in nodes.items():
        if node["resource_type"] == "test" and (judged := judged_model(node, chosen)):
            tests.setdefault(judged, []).append(key)
    found = {key: _node(key, chosen[key], chosen, sources, tests.get(key, ())) for key in sorted(chosen)}
    # Dagster wants the assets of one step in this order; sorting first makes it the same every time.
    order = TopologicalSorter({key: sorted(node.parents) for key, node in found.items()}).static_order()
    return [found[key] for key in order]


def judged_model(test: Mapping[str, Any], models: Container[str]) -> str | None:
    """Return the model that a test judges: the one it is attached to, or the last one that a singular test reads."""
    attached = test.get("attached_node")
    if attached in models:
        return str(attached)
    read = [key for key in test["depends_on"]["nodes"] if key in models]
    return read[-1] if read else None


def _node(
    key: str,
    node: Mapping[str, Any],
    chosen: Mapping[str, Any],
    sources: Mapping[str, tuple[str, str]],
    tests: Iterable[str],
) -> ModelNode:
    parents = node["depends_on"].get("nodes", ())
    folders = node["fqn"][1:-1]
    schema = str(node["schema"]).removeprefix("main_")
    return ModelNode(
        unique_id=key,
        name=node["name"],
        kind=node["resource_type"],
        layer="restricted" if "restricted" in folders else folders[0] if folders else "seeds",
        domain=folders[1] if len(folders) > 1 else "shared",
        schema=schema,
        access=str(node.get("access") or "protected"),
        description=" ".join(str(node["description"]).split()),
        materialized=node["config"].get("materialized", "table"),
        columns=tuple(_column(column) for column in node["columns"].values()),
        parents=tuple(parent for parent in parents if parent in chosen),
        sources=tuple(sources[parent] for parent in parents if parent in sources),
        tests=tuple(sorted(tests)),
    )


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    tags = column.get("tags") or column.get("config", {}).get("tags") or ()
    return {
        "name": column["name"],
        "data_type": column.get("data_type") or "",
        "description": " ".join(str(column.get("description") or "").split()),
        "tags": tuple(tags),
    }
