"""Order what a person should look at: links that may join two people, and pairs that may be one person after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.review.doubts import create_doubts
from identity.tables import SCORED

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

MIN_SCORE = 0.02
"""Links that are less likely wrong than this are not worth a person's time, and are not listed."""
WEAK_RULE = 25.0
NEAR_MERGES = {
    # share that is one person, measured on the truth of a sample (60,000 people, seed 11)
    "same_document_other_name": 0.9,
    "refused_email": 0.45,
    "refused_phone": 0.12,
    "refused_place": 0.05,
    "refused_other": 0.3,
    "ambiguous_value": 0.5,
}
_REASONS = {
    "birth_dates_differ": "d.customer_birth_dates > 0",
    "component_cut": "d.component_was_cut > 0",
    "too_large": "f.profile_count > {limit}",
    "weak_bridge": "d.is_bridge and (w.weight <= {weak} or d.nameless_on_mobile + d.nameless_on_landline + "
    "d.nameless_on_email > 0)",
    "shared_value": "d.value_customers > 0",
    "landline": "d.nameless_on_landline + d.named_on_landline > 0",
    "nobody_named": "d.nameless_on_mobile + d.nameless_on_landline + d.nameless_on_email > 0",
    "device_only": "d.device > 0",
    "name_only": "d.name_alone > 0",
    "names_differ": "d.family_names_differ + d.middle_names_differ > 0",
}
"""Why a link inside a customer is listed."""


def create_review_queue(con: DuckDBPyConnection, config: IdentityConfig, *, touched: str | None = None) -> None:
    """Create `review_queue`: one row per pair of records that a person should judge, best use of their time first.

    `kind` is `merged` (the pair holds one customer together and may be wrong) or `apart` (two customers that may be
    one). `score` is the probability that today's outcome is wrong, `priority` that times the logarithm of the records
    that would move. No value of a person is in it. Pairs that people have judged (`decided_pairs`) are left out.

    Args:
        con: Connection with the tables of a resolution, households and refused edges included.
        config: Rules and limits.
        touched: Table with a column `profile`; only pairs of clusters that hold one of them are listed.
    """
    create_doubts(con, config, touched=touched)
    _create_decided(con)
    con.execute(
        f"""
        create or replace temp table review_items as
        {_merged(config)}
        union all
        {_apart(config, touched)}
        """
    )
    con.execute(
        """
        create or replace temp table review_queue as
        with pairs as (
            select
                l.record_id as record_id_left,
                r.record_id as record_id_right,
                l.customer_id as customer_id_left,
                r.customer_id as customer_id_right,
                i.kind,
                i.reasons,
                i.rule_name,
                round(i.score, 6) as score,
                cast(i.records_at_stake as BIGINT) as records_at_stake
            from review_items i
            join customer_crosswalk l on l.rid = i.left_profile
            join customer_crosswalk r on r.rid = i.right_profile
            anti join review_decided d
                on d.record_id_left = l.record_id and d.record_id_right = r.record_id
        )
        select
            'r' || left(md5(record_id_left || chr(31) || record_id_right), 15) as review_id,
            *,
            round(score * ln(1 + records_at_stake) / ln(2), 6) as priority
        from pairs
        """
    )


def _merged(config: IdentityConfig) -> str:
    """Return SQL for the doubtful links inside customers."""
    numbers = {"limit": config.max_cluster_profiles - 1, "weak": WEAK_RULE}
    reasons = ", ".join(f"case when {sql.format(**numbers)} then '{name}' end" for name, sql in _REASONS.items())
    weights = ", ".join(f"('{rule.name}', {rule.weight})" for rule in config.active_rules)
    return f"""
        select
            d.left_profile,
            d.right_profile,
            'merged' as kind,
            coalesce(nullif(concat_ws(', ', {reasons}), ''), 'weak_link') as reasons,
            d.rule_name,
            d.probability as score,
            d.smaller_side as records_at_stake
        from doubts d
        join review_clusters f on f.cluster = d.cluster
        join (values {weights}) as w (rule_name, weight) on w.rule_name = d.rule_name
        where d.probability >= {MIN_SCORE}
        """


def _apart(config: IdentityConfig, touched: str | None) -> str:
    """Return SQL for pairs that were kept apart: edges that a constraint refused, one document under two names, and
    nameless records between two people. Each pair of clusters is listed once, for its best reason."""
    rules = " ".join(f"when {place} then '{rule.name}'" for place, rule in enumerate(config.active_rules))
    chosen = "true"
    if touched:
        chosen = (
            f"(x.left_profile in (select profile from {touched}) or x.right_profile in (select profile from {touched}))"
        )
    scores = ", ".join(f"('{name}', {score})" for name, score in NEAR_MERGES.items())
    # of several refused rules between two profiles the strongest is named
    first = "(-s.score, x.left_profile, x.right_profile, x.place)"
    return f"""
        select
            arg_min(x.left_profile, {first}),
            arg_min(x.right_profile, {first}),
            'apart',
            arg_min(x.reason, {first}),
            arg_min(x.rule_name, {first}),
            max(s.score),
            least(any_value(lf.record_count), any_value(rf.record_count))
        from (
            select
                e.left_profile,
                e.right_profile,
                case when e.kind = 'email' then 'refused_email' when e.kind = 'phone' then 'refused_phone'
                    when e.kind is null then 'refused_place' else 'refused_other' end as reason,
                case e.rule {rules} end as rule_name,
                e.rule as place
            from refused_edges e
            where e.rule <> {SCORED}
            union all
            {_SAME_DOCUMENT}
            union all
            {_AMBIGUOUS}
        ) x
        join (values {scores}) as s (reason, score) on s.reason = x.reason
        join profile_clusters l on l.profile = x.left_profile
        join profile_clusters r on r.profile = x.right_profile
        join cluster_facts lf on lf.cluster = l.cluster
        join cluster_facts rf on rf.cluster = r.cluster
        anti join review_parted p
            on p.left_cluster = least(l.cluster, r.cluster) and p.right_cluster = greatest(l.cluster, r.cluster)
        where l.cluster <> r.cluster and {chosen}
        group by least(l.cluster, r.cluster), greatest(l.cluster, r.cluster)
        """


_NO_RULE = 255
_SAME_DOCUMENT = f"""
            select
                least(f.first_profile, h.profile), greatest(f.first_profile, h.profile),
                'same_document_other_name', null, {_NO_RULE}
            from (
                select v.block, min(h.profile) as first_profile
                from shared_values v join holdings h on h.block = v.block
                where v.kind = 'document' group by v.block
            ) f
            join holdings h on h.block = f.block
            join comparable c on c.profile = h.profile and c.document = h.value
            where h.profile <> f.first_profile
            """
_AMBIGUOUS = f"""
            select least(nameless, named), greatest(nameless, named), 'ambiguous_value', null, {_NO_RULE}
            from (
                select
                    a.kind,
                    a.value,
                    min(h.profile) filter (where p.given_key is null) as nameless,
                    arg_min(h.profile, (-p.record_count, h.profile)) filter (where p.given_key is not null) as named
                from ambiguous_values a
                join holdings h on h.kind = a.kind and h.value = a.value
                join profiles p on p.profile = h.profile
                group by a.kind, a.value
            )
            where nameless is not null and named is not null
            """


def _create_decided(con: DuckDBPyConnection) -> None:
    """Create `review_decided` (the pairs of records that people judged) and `review_parted` (the clusters that hold a
    pair which is different)."""
    there = con.execute("select count(*) from duckdb_tables() where table_name = 'decided_pairs'").fetchall()[0][0]
    empty = "select '' as record_id_left, '' as record_id_right, '' as decision where false"
    con.execute(f"create or replace temp table review_decided as {'select * from decided_pairs' if there else empty}")
    con.execute(
        """
        create or replace temp table review_parted as
        select distinct least(l.cluster, r.cluster) as left_cluster, greatest(l.cluster, r.cluster) as right_cluster
        from review_decided d
        join clustered l on l.record_id = d.record_id_left
        join clustered r on r.record_id = d.record_id_right
        where d.decision = 'different'
        """
    )
