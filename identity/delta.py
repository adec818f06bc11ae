"""Bring the linked records up to date with what changed: redo the blocks and components that a change reaches.

The state is a set of tables that a full run leaves. For a change, the same functions run on temporary tables that hold
just the touched part; temporary tables stand before those of the state in the search path, so no rule is written
twice. What they give replaces the touched part of the state. Every decision follows from one block (the holders of a
value, the profiles with equal keys) or from one component, so whole blocks and whole components are redone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.block_rules import block_columns, block_number, corrected_block, is_corrected
from identity.delta_clusters import recluster
from identity.delta_scores import rescore
from identity.guards import create_guards
from identity.near_documents import create_corrections
from identity.normalised_records import refuse_collisions
from identity.profiles import EVIDENCE, create_holdings, create_profiles, create_record_evidence, load_nicknames
from identity.rules import DECIDED_BLOCK, HOLDING_KINDS, create_comparable, create_edges
from identity.state import create_moved_rows, gather_fresh, replace_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig
    from identity.epochs import ModelEpoch

_SCRATCH = (
    "records", "record_evidence", "record_profiles", "profiles", "holdings", "guards", "shared_values", "comparable",
    "corrections", "edges", "ambiguous_values", "profile_evidence", "base_clusters", "component_cuts",
    "device_followers", "profile_clusters", "cluster_facts", "clustered",
)  # fmt: skip


def link_changes(con: DuckDBPyConnection, config: IdentityConfig, *, country: str, epoch: ModelEpoch) -> None:
    """Apply `changed_records` (the columns of `records`) and `gone_records` (rid) to the state.

    Needs `decided_pairs`, `model_epoch` and `name_tokens`, and `redecided` (rid): records whose decisions changed.
    The state was made with `epoch`; where it has a model, pairs are weighed, which needs `term_frequencies`.
    """
    load_nicknames(con)
    _fold_records(con)
    _fold_holdings(con, config)
    _judge_values(con, config)
    _compare(con, config, country)
    rescore(con, epoch, config)
    recluster(con, config)


def set_aside(con: DuckDBPyConnection, *tables: str) -> None:
    """Drop temporary tables, so that their names stand for the tables of the state again."""
    for table in tables or _SCRATCH:
        con.execute(f"drop table if exists temp.{table}")


def _fold_records(con: DuckDBPyConnection) -> None:
    """Update `records`, and the profiles of all records that show the same as a changed one did or does."""
    con.execute(
        # a decision gives or takes a record's own hashes
        """
        insert into changed_records by name
        select r.* from state.records r semi join redecided d on d.rid = r.rid
        where r.rid not in (select rid from changed_records) and r.rid not in (select rid from gone_records)
        """
    )
    create_record_evidence(con, "changed_records")
    con.execute(
        "create or replace temp table changed as select rid from changed_records union select rid from gone_records"
    )
    con.execute(
        """
        create or replace temp table relinked as
        select coalesce(o.rid, n.rid) as rid, o.first_hash as old_first, o.second_hash as old_second,
            n.first_hash, n.second_hash
        from (select * from state.record_profiles semi join changed using (rid)) o
        full join record_evidence n on n.rid = o.rid
        where (o.first_hash, o.second_hash, o.device_key) is distinct from (n.first_hash, n.second_hash, n.device_key)
        """
    )
    con.execute(
        """
        create or replace temp table bundles as
        select old_first as first_hash, old_second as second_hash from relinked where old_first is not null
        union
        select first_hash, second_hash from relinked where first_hash is not null
        """
    )
    con.execute(
        """
        create or replace temp table former as
        select rid, profile from state.record_profiles semi join bundles using (first_hash, second_hash)
        """
    )
    refuse_collisions(con, "changed_records")
    known = "select rid, record_id from state.records where rid in (select rid from changed)"
    refuse_collisions(con, f"({known} union select rid, record_id from changed_records)")
    replace_rows(con, "records", "rid", "changed", "changed_records")
    con.execute(
        """
        create or replace temp table record_evidence as
        select * from record_evidence where rid in (select rid from relinked)
        union all
        select rid, first_hash, second_hash, device_key from state.record_profiles
        semi join bundles using (first_hash, second_hash)
        where rid not in (select rid from relinked)
        """
    )
    _show_evidence(con)
    create_profiles(con)
    con.execute(
        """
        create or replace temp table touched_profiles as
        select profile from former union select profile from profiles
        """
    )


def _show_evidence(con: DuckDBPyConnection) -> None:
    """Create `records` with the first record of each bundle: a changed one of the bundle shows what all of it show, and
    only bundles without one are read from the state, whose columns are many."""
    shown = ", ".join(f"r.{name}" for name in EVIDENCE)
    con.execute(
        f"""
        create or replace temp table records as
        with firsts as (
            select min(rid) as rid, min(rid) filter (where rid in (select rid from changed_records)) as shown_by
            from record_evidence group by first_hash, second_hash
        )
        select f.rid, {shown} from firsts f join changed_records r on r.rid = f.shown_by
        union all
        select f.rid, {shown} from (select rid from firsts where shown_by is null) f
        join state.records r on r.rid = f.rid
        """
    )


def _fold_holdings(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Update profiles and holdings, and note the values that they hold or held in `touched_blocks`."""
    create_holdings(con, config)
    con.execute(
        f"""
        create or replace temp table touched_blocks as
        select block from state.holdings semi join touched_profiles using (profile)
        union
        select block from holdings
        union
        select {DECIDED_BLOCK}
        """
    )
    con.execute("create or replace temp table former_rids as select rid from former union select rid from relinked")
    replace_rows(con, "record_profiles", "rid", "former_rids", "temp.record_profiles")
    replace_rows(con, "profiles", "profile", "touched_profiles", "temp.profiles")
    replace_rows(con, "holdings", "profile", "touched_profiles", "temp.holdings")
    for table in ("profiles", "holdings"):
        con.execute(f"create or replace temp table fresh_{table} as from temp.{table}")
    set_aside(con, "records", "record_evidence", "record_profiles", "profiles", "holdings")


def _judge_values(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Update the guards of the touched values; a flipped document changes what its holders show, and so which pairs
    their other values join, but not how those values are judged."""
    set_aside(con, "guards")
    con.execute(
        "create or replace temp table holdings as select * from state.holdings semi join touched_blocks using (block)"
    )
    create_guards(con, config)
    con.execute(
        """
        create or replace temp table flipped as
        select block, kind from temp.guards where decision = 'blocked'
            and block not in (select block from state.guards where decision = 'blocked')
        union all
        select block, kind from state.guards semi join touched_blocks using (block) where decision = 'blocked'
            and block not in (select block from temp.guards where decision = 'blocked')
        """
    )
    replace_rows(con, "guards", "block", "touched_blocks", "temp.guards")
    con.execute(
        """
        create or replace temp table recompared as
        select profile from touched_profiles
        union
        select profile from state.holdings where block in (select block from flipped where kind = 'document')
        """
    )
    if con.execute("select count(*) from flipped where kind = 'document'").fetchall()[0][0]:
        con.execute(
            """
            create or replace temp table reached_blocks as
            select distinct block from state.holdings semi join recompared using (profile)
            where block not in (select block from touched_blocks)
            """
        )
        for table in ("holdings", "shared_values"):
            con.execute(
                f"insert into temp.{table} by name select * from state.{table} semi join reached_blocks using (block)"
            )
        con.execute("insert into touched_blocks select block from reached_blocks")
    replace_rows(con, "shared_values", "block", "touched_blocks", "temp.shared_values")
    # only the state's guards know every value
    set_aside(con, "guards")


def _compare(con: DuckDBPyConnection, config: IdentityConfig, country: str) -> None:
    """Update `comparable`, `corrections` and the edges of the touched blocks."""
    gather_fresh(con, "profiles", "recompared")
    create_comparable(con)
    create_corrections(con, country=country)
    _touch_key_blocks(con, config)
    replace_rows(con, "comparable", "profile", "recompared", "temp.comparable")
    replace_rows(con, "corrections", "profile", "recompared", "temp.corrections")
    set_aside(con, "profiles")
    _gather_compared(con, config)
    create_edges(con, config, only="touched_blocks")
    con.execute(
        """
        create or replace temp table former_edges as select * from state.edges semi join touched_blocks using (block)
        """
    )
    create_moved_rows(con, "moved_edges", "former_edges", "temp.edges")
    con.execute(
        """
        create or replace temp table reidentified as
        select profile from recompared
        union
        select profile from state.holdings where block in (
            select block from flipped
            union all
            select coalesce(o.block, n.block)
            from (select * from state.ambiguous_values semi join touched_blocks using (block)) o
            full join temp.ambiguous_values n on n.block = o.block
            where o.block is null or n.block is null
        )
        """
    )
    replace_rows(con, "edges", "block", "touched_blocks", "temp.edges")
    replace_rows(con, "ambiguous_values", "block", "touched_blocks", "temp.ambiguous_values")
    set_aside(con)


def _touch_key_blocks(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Add the blocks that the old and new keys of the recompared profiles belong to."""
    read = {"document"} | {column for rule in _key_rules(config) for column in block_columns(rule)}
    con.execute(
        f"create or replace temp table former_comparable as select {', '.join(sorted(read))} "
        "from state.comparable semi join recompared using (profile)"
    )
    parts = []
    for source in ("former_comparable", "temp.comparable"):
        for rule in _key_rules(config):
            number, present = block_number(rule)
            parts.append(f"select {number} as block from {source} where {present}")
        parts.append(f"select {corrected_block('document')} from {source} where document is not null")
    parts.append(f"select {corrected_block('value')} from state.corrections semi join recompared using (profile)")
    parts.append(f"select {corrected_block('value')} from temp.corrections")
    con.execute(
        f"create or replace temp table touched_blocks as select block from touched_blocks union {' union '.join(parts)}"
    )


def _key_rules(config: IdentityConfig) -> list:
    return [rule for rule in config.active_rules if not set(HOLDING_KINDS) & set(rule.on) and not is_corrected(rule)]


def _gather_compared(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Gather the members of every touched block."""
    con.execute(
        f"""
        create or replace temp table corrections as
        select * from state.corrections where {corrected_block("value")} in (select block from touched_blocks)
        """
    )
    # a value that nobody shares, or that a guard blocks, links nobody
    members = [
        "select profile from holdings semi join shared_values using (block)",
        "select profile from temp.corrections",
    ]
    members.append("select profile from state.comparable where document in (select value from temp.corrections)")
    for rule in _key_rules(config):
        number, present = block_number(rule)
        members.append(
            f"select profile from state.comparable where {present} and {number} in (select block from touched_blocks)"
        )
    con.execute(
        "create or replace temp table comparable as "
        f"select * from state.comparable where profile in ({' union '.join(members)})"
    )
