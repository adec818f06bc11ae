{#
    CTEs that end in `newest`: one row per _row_key of the CTE `versions`, the one with the greatest version column
    (null is the smallest), then the greatest _row_hash: the order by which ingestion settles versions.

    Only keys that occur more than once are ranked: a window over every column of a large feed would sort all of it.
    Repeats that a crash left (same key, same hash) are told apart by where they landed, so the choice is stable.
#}
{% macro newest_versions(version_column=none) -%}
repeated as (

    select _row_key from versions group by _row_key having count(*) > 1

),

ranked as (

    select
        versions.*,
        row_number() over (
            partition by _row_key
            order by {% if version_column %}{{ version_column }} desc nulls last, {% endif %}_row_hash desc nulls last, _batch_id, _source_row
        ) as version_rank
    from versions
    semi join repeated using (_row_key)

),

newest as (

    select versions.*, cast(1 as bigint) as version_rank from versions anti join repeated using (_row_key)
    union all
    select * from ranked where version_rank = 1

)
{%- endmacro %}
