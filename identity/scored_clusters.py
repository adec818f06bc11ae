"""Join the clusters that rules leave open along scored edges, component by component."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from identity.clustering import Clustering, Nodes, connected_components, places
from identity.correlation_clustering import gaec

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray


def join_scored(
    con: DuckDBPyConnection,
    profiles: NDArray,
    nodes: Nodes,
    clustering: Clustering,
    *,
    max_nodes: int,
    forbidden: Iterable[tuple[int, int]] = (),
) -> Clustering:
    """Return the clustering with clusters joined where the scored edges between them sum to more than nothing.

    What rules have joined stays joined, and what they refused for a document stays apart. Everything is decided within
    one component: the rules' component, grown by scored edges above zero.

    Args:
        con: Connection that holds `scored_edges`.
        profiles: Profile of each node, ascending.
        nodes: What the constraints look at.
        clustering: What the rules made of the nodes.
        max_nodes: Most nodes in one cluster.
        forbidden: Pairs of nodes that a person said are two people.
    """
    import numpy as np

    edges = con.execute(
        "select left_profile, right_profile, match_weight from scored_edges order by left_profile, right_profile"
    ).fetchnumpy()
    if len(edges["match_weight"]) == 0:
        return clustering
    left = clustering.cluster[places(profiles, np.asarray(edges["left_profile"]).astype(profiles.dtype))]
    right = clustering.cluster[places(profiles, np.asarray(edges["right_profile"]).astype(profiles.dtype))]
    weight = np.asarray(edges["match_weight"], float)
    between = left != right
    left, right, weight = left[between], right[between], weight[between]
    positive = weight > 0
    everyone = np.arange(len(nodes))
    component = connected_components(
        len(nodes),
        np.concatenate([everyone, left[positive]]),
        np.concatenate([clustering.component, right[positive]]),
    )
    # only where something speaks for a join is there anything to decide
    open_components = np.zeros(len(nodes), bool)
    open_components[component[left[positive]]] = True
    inside = open_components[component[left]] & (component[left] == component[right])
    cluster = clustering.cluster.copy()
    members = np.flatnonzero(open_components[component])
    apart = [(int(clustering.cluster[a]), int(clustering.cluster[b])) for a, b in forbidden]
    joined = _decide(
        nodes,
        clustering.cluster,
        component,
        members=members,
        edges=(left[inside], right[inside], weight[inside]),
        forbidden=apart,
        max_nodes=max_nodes,
    )
    cluster[members] = joined[clustering.cluster[members]]
    return replace(clustering, cluster=cluster, component=component)


def _decide(
    nodes: Nodes,
    cluster: NDArray,
    component: NDArray,
    *,
    members: NDArray,
    edges: tuple[NDArray, NDArray, NDArray],
    forbidden: list[tuple[int, int]],
    max_nodes: int,
) -> NDArray:
    """Return for each cluster among the members the cluster it is joined into."""
    import numpy as np

    result = np.arange(len(cluster))
    claims, sizes = _claims(nodes, cluster, members)
    heads = np.unique(cluster[members])
    parts: dict[int, list[int]] = {}
    for head, home in zip(heads.tolist(), component[heads].tolist(), strict=True):
        parts.setdefault(home, []).append(head)
    pairs: dict[int, list[tuple[int, int, float]]] = {}
    left, right, weight = edges
    for a, b, bits in zip(left.tolist(), right.tolist(), weight.tolist(), strict=True):
        pairs.setdefault(int(component[a]), []).append((a, b, bits))
    barred: dict[int, list[tuple[int, int]]] = {}
    for a, b in forbidden:
        if component[a] == component[b] and a != b:
            barred.setdefault(int(component[a]), []).append((a, b))
    for home, local in parts.items():
        number = {head: place for place, head in enumerate(local)}
        labels = gaec(
            len(local),
            [(number[a], number[b], bits) for a, b, bits in pairs.get(home, ())],
            claims=[claims[head] for head in local],
            forbidden=[(number[a], number[b]) for a, b in barred.get(home, ())],
            sizes=[sizes[head] for head in local],
            max_size=max_nodes,
        )
        result[local] = np.array(local)[labels]
    return result


def _claims(
    nodes: Nodes, cluster: NDArray, members: NDArray
) -> tuple[dict[int, dict[Hashable, Hashable]], dict[int, int]]:
    """Return what each cluster claims (one document of each kind, person or company) and how many nodes it has."""
    claims: dict[int, dict[Hashable, Hashable]] = {}
    sizes: dict[int, int] = {}
    for head, document, kind, company in zip(
        cluster[members].tolist(), nodes.document[members].tolist(), nodes.document_kind[members].tolist(),
        nodes.is_company[members].tolist(), strict=True,
    ):  # fmt: skip
        sizes[head] = sizes.get(head, 0) + 1
        claimed = claims.setdefault(head, {})
        if document >= 0:
            claimed |= {"is_company": company, ("document", kind): document}
    return claims, sizes
