"""Let records without a name follow the name that stands beside their identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.rule_conditions import CONDITIONS
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from identity.configuration import Rule


def add_nameless_edges(con: DuckDBPyConnection, kind: str, about: list[tuple[int, Rule]], share: float) -> None:
    """Let each nameless profile of a value follow the given name that holds most of its records.

    Without such a majority they follow nobody: the value goes to `ambiguous_values`. Only a document still joins the
    nameless among themselves, for it names one person even when the names beside it differ.
    """
    people = next((place for place, rule in about if "companies_only" not in rule.when), about[0][0])
    company = next((place for place, rule in about if "companies_only" in rule.when), people)
    con.execute(
        f"""
        create or replace temp table followed as
        with nameless as (
            select block, min(profile) as lead, cast(sum(record_count) as BIGINT) as record_count
            from members where given_key is null group by block
        ),
        named as (
            select block, given_key, sum(record_count) as votes, min(profile) as lead
            from members where given_key is not null and block in (select block from nameless) group by block, given_key
        ),
        ranked as (
            select block, max(votes) as votes, sum(votes) as total, arg_max(lead, (votes, -lead)) as lead,
                count(*) as name_count
            from named group by block
        )
        select
            n.block,
            n.record_count,
            r.name_count,
            case when r.block is null then n.lead when r.votes >= {share} * r.total then r.lead end as lead,
            n.lead as first_nameless
        from nameless n
        left join ranked r on r.block = n.block
        """
    )
    target = "coalesce(f.lead, f.first_nameless)" if kind == "document" else "f.lead"
    con.execute(
        f"""
        insert into edges
        select
            least(a.profile, b.profile),
            greatest(a.profile, b.profile),
            case when a.document_is_company then {company} else {people} end,
            a.block
        from members a
        join followed f on f.block = a.block
        join comparable b on b.profile = {target}
        where a.given_key is null and a.profile <> b.profile
            and {CONDITIONS["no_document_conflict"]} and {CONDITIONS["no_birth_date_conflict"]}
        """
    )
    if kind != "document":
        con.execute(
            f"""
            insert into ambiguous_values
            select {quote_literal(kind)}, h.value, f.block, f.record_count, f.name_count
            from followed f
            join (
                select block, any_value(value) as value from holdings
                where block in (select block from followed where lead is null) group by block
            ) h on h.block = f.block
            where f.lead is null
            """
        )
