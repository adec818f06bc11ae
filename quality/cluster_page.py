"""The page of one customer's identity: which records, what joins them, what was refused, who decided, what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.cluster_view import ClusterView, read_cluster
from quality.cluster_drawing import draw_cluster, rule_words
from quality.page_templates import template
from workspace.atomic import write_text_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from workspace.workspace import Workspace


def write_cluster_page(ws: Workspace, identifier: str, *, show_values: bool = False) -> Path:
    """Write the page of the customer that an identifier names, and return its path; the id alone is in its name.

    Raises:
        ConfigError: it names nobody or several customers.
    """
    view = read_cluster(ws, identifier, show_values=show_values)
    file = ws.warehouse / "reports" / f"customer-{view.customer_id}.html"
    write_text_atomic(file, render_cluster_page(view, workspace=ws.settings.name, show_values=show_values))
    return file


def render_cluster_page(view: ClusterView, *, workspace: str, show_values: bool) -> str:
    """Return the page."""
    return template("cluster.html.j2").render(
        view=view,
        workspace=workspace,
        show_values=show_values,
        graph=draw_cluster(view),
        held=[edge for edge in view.edges if not edge.other_customer_id],
        refused=[edge for edge in view.edges if edge.other_customer_id],
        rule_words=rule_words,
        source_count=len({source.split(" ")[0] for profile in view.profiles for source, _ in profile.sources}),
    )
