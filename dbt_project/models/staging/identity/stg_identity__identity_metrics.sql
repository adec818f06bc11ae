select
    metric,
    value
from {{ source('identity', 'identity_metrics') }}
