select
    record_id_left,
    record_id_right,
    rule_name,
    weight,
    identifier_kind,
    identifier_hash
from {{ source('identity', 'match_edges') }}
