"""Open the published view, behind the gate: the only data that activation reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspace.errors import GateRefused
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from quality.publications import Publication
    from workspace.workspace import Workspace


def published(ws: Workspace) -> Publication:
    """Return the publication that readers see, with the link resolved.

    Raises:
        GateRefused: nothing has been published yet.
    """
    from quality.publications import current_publication

    publication = current_publication(ws)
    if publication is None:
        raise GateRefused("nothing is published yet; run `unavista run` first")
    return publication


def pass_gate(ws: Workspace) -> Publication:
    """Return the publication when it may go out: its own verdict and the latest verdict both open the gate.

    The latest counts as well, because a run that was stopped is not published: without it, yesterday's view would be
    sent again while today's data say that something is wrong.

    Raises:
        GateRefused: with the reasons of the verdict.
    """
    from quality.gate import require_pass
    from quality.operations_tables import quality_operations

    publication = published(ws)
    require_pass(ws, publication.run_id)
    with quality_operations(ws) as con:
        latest = con.execute("select run_id from verdicts order by decided_at desc, run_id desc limit 1").fetchall()
    for (run_id,) in latest:
        require_pass(ws, run_id)
    return publication


def attach_published(con: DuckDBPyConnection, publication: Publication) -> None:
    """Attach the published database read-only as `published`, and give the temp table `aliases`.

    The publication was resolved once, so that one made meanwhile does not change what is read halfway through.
    `aliases` holds retired_customer_id and the customer_id that has its records today.
    """
    con.execute(f"attach {quote_literal(publication.database)} as published (read_only)")
    file = publication.folder / "identity" / "customer_id_aliases.parquet"
    rows = (
        f"select retired_customer_id, customer_id from read_parquet({quote_literal(file)})"
        if file.is_file()
        else "select cast(null as varchar) as retired_customer_id, cast(null as varchar) as customer_id where false"
    )
    con.execute(f"create or replace temp table aliases as {rows}")
