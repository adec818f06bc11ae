select
    {{ x_key(['record_id_left', 'record_id_right', 'rule_name', 'identifier_kind', 'identifier_hash']) }} as match_edge_id,
    record_id_left,
    record_id_right,
    rule_name,
    weight,
    identifier_kind,
    identifier_hash
from {{ source('identity', 'match_edges') }}
