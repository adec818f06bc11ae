"""The memory of activation, in the operations store: what each destination confirmed, and what became of every row.

No raw personal data stands here: payloads as salted hashes, keys only as customer ids or the hashes that were sent. The
state of a row moves only in the transaction that records its confirmation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TABLES = (
    """create table if not exists sync_state (
        sync_id varchar not null, destination_id varchar not null, customer_id varchar not null,
        status varchar not null, payload_hash varchar, sent_key varchar, attempted_hash varchar,
        failure_count bigint not null, outcome_count bigint not null,
        first_sent_at timestamp, last_sent_at timestamp, run_id varchar not null)""",
    """create table if not exists sync_rows (
        run_id varchar not null, sync_id varchar not null, audience_id varchar not null,
        destination_id varchar not null, channel varchar not null, purpose varchar not null,
        customer_id varchar not null, operation varchar not null,
        status varchar not null, reason_code varchar, provider_code varchar, message_key varchar, payload_hash varchar,
        batch_key varchar, attempts bigint, sent_at timestamp, recorded_at timestamp not null)""",
    """create table if not exists sync_runs (
        run_id varchar not null, sync_id varchar not null, kind varchar not null, publication_run_id varchar not null,
        audience_id varchar not null, destination_id varchar not null, channel varchar not null,
        purpose varchar not null,
        status varchar not null, message varchar, eligible_count bigint not null, member_count bigint not null,
        to_send_count bigint not null, reasons varchar not null,
        planned_add_count bigint, planned_change_count bigint, planned_remove_count bigint,
        attempted_add_count bigint, attempted_change_count bigint, attempted_remove_count bigint,
        succeeded_add_count bigint, succeeded_change_count bigint, succeeded_remove_count bigint,
        failed_add_count bigint, failed_change_count bigint, failed_remove_count bigint,
        has_messages_to_write boolean not null, started_at timestamp not null, finished_at timestamp)""",
    """create table if not exists sync_outbox (
        sync_id varchar not null, batch_key varchar not null, position bigint not null,
        message_key varchar not null)""",
)


def create_tables(con: DuckDBPyConnection) -> None:
    """Create sync_state, sync_rows, sync_runs and sync_outbox in the operations store where they are missing."""
    for table in _TABLES:
        con.execute(table)
