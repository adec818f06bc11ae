"""The sample company: make it, and show where to look with identifiers that exist in its data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workspace.workspace import Workspace

_CHOICE = """
select c.email, s.last_protocol_number, c.customer_id
from published.marts.customer_360 as s join published.restricted.customer_contacts as c using (customer_id)
where c.email is not null and s.last_protocol_number is not null
order by s.order_count + s.service_contact_count + s.campaign_response_count desc, c.customer_id limit 1
"""
_PAIR = """
select arg_min(record_id, source_system || record_id), arg_max(record_id, source_system || record_id)
from published.marts.bridge_customer_records where customer_id = ? having count(*) > 1
"""


def prepare(folder: Path, *, people: int, seed: int, country: str, tell: Callable[[str], None]) -> Workspace:
    """Return the demo workspace, made when it is not there yet.

    Raises:
        ConfigError: the folder holds other files, or the country has no sample.
    """
    from ingestion.samples import write_sample_workspace
    from orchestration.scaffolding import scaffold

    if not (folder / "workspace.yml").exists():
        tell(f"making a company of {people:,} people in {folder}")
        summary = write_sample_workspace(folder, people=people, seed=seed, locale=country)
        scaffold(folder, name="Demo", country=country)
        tell(f"{summary.total_rows:,} rows in {len(summary.rows)} feeds, and their truth, which no run reads")
    return Workspace.open(folder)


def tour(workspace: Workspace, folder: Path) -> list[str]:
    """Return what to try next, with an e-mail address, a protocol number and two records from the published view."""
    command = f"unavista --workspace {folder}"
    lines = ["", "Try:"]
    email, protocol, left, right = _examples(workspace)
    if email:
        lines.append(f"  {command} profile {email}        # who is this?")
        lines.append(f"  {command} profile {protocol}     # the same, by protocol number")
    if left and right:
        lines.append(f"  {command} why-merged {left} {right}")
    lines += [
        f"  {command} audience preview win_back",
        f"  {command} quarantine list",
        f"  {command} status",
        f"  {command} dev        # the Dagster UI: assets, checks, runs",
        f"Exports {workspace.exports}, marts {workspace.warehouse / 'marts'}",
    ]
    return lines


def _examples(workspace: Workspace) -> tuple[str | None, str | None, str | None, str | None]:
    from workspace.sql import connect, quote_literal

    with connect(workspace) as con:
        con.execute(f"attach {quote_literal(workspace.published_file.resolve())} as published (read_only)")
        chosen = con.execute(_CHOICE).fetchall()
        if not chosen:
            return None, None, None, None
        email, protocol, customer = chosen[0]
        pair = con.execute(_PAIR, [customer]).fetchall()
    left, right = pair[0] if pair else (None, None)
    return email, protocol, left, right
