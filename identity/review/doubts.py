"""Say how likely each link inside a customer is wrong, by a logistic function of what can be seen of it.

The coefficients were fitted on the truth of twelve samples (`python -m benchmarks.identity_review --fit --people 20000
--seeds 21 22 23 24 31 32 33 34 35 36 37 38`) and checked on samples of other seeds and of another generator. They order
the queue and decide nothing: no record moves because of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.clustering import places
from identity.edge_values import valued_edges
from identity.hashing import value_number
from identity.review.links import spanning_links
from identity.rules import LANDLINE
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import IdentityConfig

_DECIDED = 1000.0
_NAMELESS = "(a.given_key is null or b.given_key is null)"
_IS_DEVICE = "l.kind is not distinct from 'device'"
_LANDLINE = f"(l.kind = 'phone' and regexp_full_match(l.value, {quote_literal(LANDLINE)}))"
FEATURES = {
    # a visitor known by nothing but a device follows its one customer: did they visit more, or at other times?
    "device": _IS_DEVICE,
    "device_visits_ratio": f"case when {_IS_DEVICE} then ln((d.bare_rows + 1.0) / (d.known_rows + 1.0)) end",
    "device_visits": f"case when {_IS_DEVICE} then ln(d.bare_rows + 1.0) end",
    # in a house with other customers a device is likelier the family's
    "device_in_household": f"case when {_IS_DEVICE} then ln(h.customer_count) end",
    # who has a device of their own may share this one
    "device_beside_others": f"case when {_IS_DEVICE} then ln(d.device_count) end",
    "device_days_alone": f"case when {_IS_DEVICE} then ln(d.days_alone + 1.0) end",
    # nobody's name stands beside the value on one side
    "nameless_on_mobile": f"{_NAMELESS} and l.kind = 'phone' and not {_LANDLINE}",
    "nameless_on_landline": f"{_NAMELESS} and {_LANDLINE}",
    "nameless_on_email": f"{_NAMELESS} and l.kind = 'email'",
    "named_on_email": f"not {_NAMELESS} and l.kind = 'email'",
    "named_on_phone": f"not {_NAMELESS} and l.kind = 'phone'",
    "named_on_landline": f"not {_NAMELESS} and {_LANDLINE}",
    "name_and_place": "l.rule_name in ('same_name_and_postal_code', 'same_name_and_postal_number')",
    # nothing but a name says that they are one
    "name_alone": "l.rule_name in ('same_rare_name', 'same_rare_name_shortened')",
    # other customers carry the value too
    "value_customers": "ln(v.cluster_count)",
    "value_has_names": "v.has_names",
    "email_lacks_name": """l.kind = 'email'
        and not contains(split_part(l.value, '@', 1), left(coalesce(a.given_key, b.given_key), 4))""",
    "several_rules": "ln(l.rule_count)",
    "smaller_side_log": "ln(l.smaller_side)",
    "given_names_differ": "a.given_key <> b.given_key",
    "family_names_differ": "a.family_key <> b.family_key",
    "middle_names_differ": "a.middle_key <> b.middle_key",
    "birth_date_unknown": "a.birth_date is null or b.birth_date is null",
    # people have several of these, yet one person's records rather agree
    "emails_differ": "a.email_key <> b.email_key",
    "phones_differ": "a.phone_key <> b.phone_key",
    "area_codes_differ": "left(a.phone_key, 5) <> left(b.phone_key, 5)",
    "street_numbers_differ": "a.street_number <> b.street_number",
    "customer_birth_dates": "f.has_birth_dates",
    "component_was_cut": "f.is_cut",
}  # fmt: skip
"""What a link shows, as SQL; null counts as nothing."""
INTERCEPT = -12.26
COEFFICIENTS = {
    "device": 0.42, "device_visits_ratio": 0.94, "device_visits": 0.23, "device_in_household": 0.90,
    "device_beside_others": 1.23, "device_days_alone": 0.50, "nameless_on_mobile": 5.20, "nameless_on_landline": 8.57,
    "nameless_on_email": 3.13, "named_on_email": -0.82, "named_on_phone": 0.25, "named_on_landline": 1.33,
    "name_and_place": 6.71, "name_alone": 5.00, "value_customers": 3.99, "value_has_names": 1.59,
    "email_lacks_name": 0.95, "several_rules": -2.60, "smaller_side_log": 1.16, "given_names_differ": 1.26,
    "family_names_differ": 1.18, "middle_names_differ": 0.82, "birth_date_unknown": 2.24, "emails_differ": 1.04,
    "phones_differ": 1.39, "area_codes_differ": 1.45, "street_numbers_differ": 2.93, "customer_birth_dates": 2.01,
    "component_was_cut": 1.69,
}  # fmt: skip


def create_doubts(con: DuckDBPyConnection, config: IdentityConfig, *, touched: str | None = None) -> None:
    """Create `doubts`: one row per spanning link of a customer, with every feature and the `probability` that it joins
    two people.

    A row is a function of its cluster, of the holders of its value and of its household.

    Args:
        con: Connection with the tables of a resolution.
        config: Names and weights of the rules.
        touched: Table with a column `profile`; only clusters that hold one of them are looked at.
    """
    _create_links(con, config, touched)
    _create_facts(con)
    features = {
        name: f"coalesce(cast({sql} as DOUBLE), 0)" if sql.startswith(("ln(", "case")) else _flag(sql)
        for name, sql in FEATURES.items()
    }
    terms = " + ".join(f"{COEFFICIENTS[name]} * {name}" for name in FEATURES)
    con.execute(
        f"""
        create or replace temp table doubts as
        with seen as (
            select l.*, {", ".join(f"{sql} as {name}" for name, sql in features.items())}
            from review_links l
            join profiles a on a.profile = l.left_profile
            join profiles b on b.profile = l.right_profile
            join review_clusters f on f.cluster = l.cluster
            left join review_values v on v.block = l.block
            left join review_devices d on d.left_profile = l.left_profile and d.right_profile = l.right_profile
            left join review_households h on h.cluster = l.cluster
        )
        select *, 1 / (1 + exp(-({INTERCEPT} + {terms}))) as probability from seen
        """
    )


def _flag(sql: str) -> str:
    return f"case when {sql} then 1.0 else 0.0 end"


def _create_links(con: DuckDBPyConnection, config: IdentityConfig, touched: str | None) -> None:
    """Create `review_links`: the spanning links of the clusters, with the strongest rule that makes each."""
    import numpy as np
    import polars as pl

    rules = config.active_rules
    _create_edges(con, config)
    chosen = "" if touched is None else "and l.cluster in (select cluster from review_touched)"
    if touched:
        con.execute(
            f"create or replace temp table review_touched as "
            f"select distinct cluster from profile_clusters semi join {touched} using (profile)"
        )
    con.execute(
        f"""
        create or replace temp table review_pairs as
        select
            any_value(l.cluster) as cluster,
            e.left_profile,
            e.right_profile,
            min(e.rule) as rule,
            -- one bit for each of the first 63 rules, one for all others: no set is kept for each of millions of pairs
            bit_count(bit_or(1::UBIGINT << least(e.rule, 63)::UBIGINT)) as rule_count
        from review_edges e
        join profile_clusters l on l.profile = e.left_profile
        join profile_clusters r on r.profile = e.right_profile
        where l.cluster = r.cluster {chosen}
        group by e.left_profile, e.right_profile
        """
    )
    found = con.execute(
        """
        select left_profile, right_profile, rule from review_pairs order by left_profile, right_profile
        """
    ).fetchnumpy()
    sizes = con.execute(
        """
        select profile, record_count from profiles where profile in (
            select left_profile from review_pairs union select right_profile from review_pairs
        ) order by profile
        """
    ).fetchnumpy()
    nodes = np.asarray(sizes["profile"])
    weights = np.full(256, _DECIDED)
    weights[: len(rules)] = [rule.weight for rule in rules]
    left, right = (places(nodes, np.asarray(found[name])) for name in ("left_profile", "right_profile"))
    links = spanning_links(left, right, weights[np.asarray(found["rule"])], np.asarray(sizes["record_count"]))
    rows = pl.DataFrame(
        {
            "left_profile": nodes[left[links.edge]],
            "right_profile": nodes[right[links.edge]],
            "is_bridge": links.is_bridge,
            "smaller_side": links.smaller_side,
        }
    )
    con.register("spanning", rows)
    names = " ".join(f"when {place} then {quote_literal(rule.name)}" for place, rule in enumerate(rules))
    con.execute(
        f"""
        create or replace temp table review_links as
        select s.*, p.cluster, p.rule, p.rule_count
        from spanning s
        join review_pairs p using (left_profile, right_profile)
        where p.rule < {len(rules)}
        """
    )
    con.unregister("spanning")
    con.execute(
        f"""
        create or replace temp table review_links as
        with strongest as (
            select left_profile, right_profile, rule, min(block) as block
            from review_edges semi join review_links using (left_profile, right_profile, rule)
            group by left_profile, right_profile, rule
        )
        select
            l.cluster, left_profile, right_profile, l.is_bridge, l.smaller_side, l.rule_count,
            case l.rule {names} end as rule_name, e.kind, e.value, {value_number("e.kind", "e.value")} as block
        from review_links l
        join ({valued_edges(config, "strongest")}) e using (left_profile, right_profile)
        """
    )


def _create_edges(con: DuckDBPyConnection, config: IdentityConfig) -> None:
    """Create the view `review_edges`: the edges, and what ties a visitor known by a device to its one customer."""
    device = next((place for place, rule in enumerate(config.active_rules) if "device" in rule.on), None)
    followers = ""
    if device is not None:
        followers = f"""
            union all
            select least(profile, lead), greatest(profile, lead), {device}, block from device_followers
            """
    con.execute(
        f"""
        create or replace temp view review_edges as
        select left_profile, right_profile, rule, block from edges {followers}
        """
    )


def _create_facts(con: DuckDBPyConnection) -> None:
    """Create what is read beside a link: `review_values`, `review_clusters`, `review_devices`, `review_households`."""
    con.execute(
        """
        create or replace temp table review_values as
        with by_cluster as (
            select h.block, c.cluster, min(p.given_key) as first_name, max(p.given_key) as last_name
            from holdings h
            join profile_clusters c on c.profile = h.profile
            join profiles p on p.profile = h.profile
            where h.block in (select block from review_links where value is not null)
            group by h.block, c.cluster
        )
        select block, count(*) as cluster_count, min(first_name) <> max(last_name) as has_names
        from by_cluster group by block
        """
    )
    con.execute(
        """
        create or replace temp table review_clusters as
        with cut as (
            select component from profile_clusters group by component having min(cluster) <> max(cluster)
        )
        select
            c.cluster,
            any_value(c.component) as component,
            count(*) as profile_count,
            min(p.birth_date) <> max(p.birth_date) as has_birth_dates,
            bool_or(c.component in (select component from cut)) as is_cut
        from profile_clusters c
        semi join review_links l on l.cluster = c.cluster
        join profiles p on p.profile = c.profile
        group by c.cluster
        """
    )
    con.execute(
        """
        create or replace temp table review_devices as
        with ends as (
            select
                l.cluster,
                l.left_profile,
                l.right_profile,
                unnest([l.left_profile, l.right_profile]) as profile,
                unnest([l.right_profile, l.left_profile]) as other
            from review_links l
            where l.kind = 'device'
        ),
        owned as (
            select c.cluster, count(distinct h.value) as device_count
            from profile_clusters c
            join holdings h on h.profile = c.profile and h.kind = 'device'
            where c.cluster in (select cluster from ends)
            group by c.cluster
        )
        select
            e.left_profile,
            e.right_profile,
            any_value(w.device_count) as device_count,
            max(r.row_count) as bare_rows,
            max(o.row_count) as known_rows,
            coalesce(max(greatest(epoch(o.first_seen_at) - epoch(r.first_seen_at), 0)
                + greatest(epoch(r.last_seen_at) - epoch(o.last_seen_at), 0)) / 86400, 0) as days_alone
        from ends e
        join profile_evidence b on b.profile = e.profile and b.is_bare
        join records r on r.rid = e.profile
        join records o on o.rid = e.other
        join owned w on w.cluster = e.cluster
        group by e.left_profile, e.right_profile
        """
    )
    con.execute(
        """
        create or replace temp table review_households as
        select i.cluster, s.customer_count
        from household_members h
        join (select household_id, count(*) as customer_count from household_members group by household_id) s
            using (household_id)
        join cluster_ids i using (customer_id)
        """
    )
