-- The seed names a segment for each of the 125 cells, once.
with digits as (

    select '1' as digit union all select '2' union all select '3' union all select '4' union all select '5'

),

cells as (

    select recency.digit || frequency.digit || value.digit as rfv_cell
    from digits as recency
    cross join digits as frequency
    cross join digits as value

)

select coalesce(cells.rfv_cell, segments.rfv_cell) as rfv_cell, count(segments.rfv_cell) as segment_count
from cells
full outer join {{ ref('rfv_segments') }} as segments on cells.rfv_cell = segments.rfv_cell
group by coalesce(cells.rfv_cell, segments.rfv_cell)
having count(segments.rfv_cell) <> 1 or count(cells.rfv_cell) <> 1
