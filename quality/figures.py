"""Numbers that people look at, each as a sum over customers, so that two views can be held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality.build_reading import BUILD, PUBLISHED

if TYPE_CHECKING:
    from quality.build_reading import Compared


@dataclass(frozen=True)
class Figure:
    """A published number, broken down by `member`.

    Args:
        name: What is counted, and by what.
        tables: What it is read from; the first is the one that shows it.
        rows: SQL for (customer_id, member, currency_code, value), with `{db}` for the catalog.
    """

    name: str
    tables: tuple[str, ...]
    rows: str

    @property
    def subject(self) -> str:
        """Return the table that shows the number."""
        return self.tables[0]

    def is_in_both(self, compared: Compared) -> bool:
        """Tell whether the build and the published view both have what it is read from."""
        return compared.has(*self.tables) and all(compared.was_published(one) for one in self.tables)

    def changes(self) -> str:
        """Return SQL for (customer_id, member, currency_code, before_value, after_value) over both views."""
        before, after = (self.rows.format(db=one) for one in (PUBLISHED, BUILD))
        nothing = "cast(0 as DECIMAL(38,2))"
        return (
            f"select customer_id, member, currency_code, cast(value as DECIMAL(38,2)) as before_value, "
            f"{nothing} as after_value from ({before}) union all "
            f"select customer_id, member, currency_code, {nothing}, cast(value as DECIMAL(38,2)) from ({after})"
        )


_NO_CURRENCY = "cast(null as VARCHAR) as currency_code"
CUSTOMERS = Figure(
    "customers",
    ("marts.dim_customers",),
    f"select customer_id, 'all' as member, {_NO_CURRENCY}, 1 as value from {{db}}.marts.dim_customers",
)
RFV_CELLS = Figure(
    "customers_by_rfv_cell",
    ("marts.dim_customer_rfv",),
    f"select customer_id, coalesce(rfv_cell, 'none') as member, {_NO_CURRENCY}, 1 as value "
    "from {db}.marts.dim_customer_rfv",
)
SEGMENTS = Figure(
    "customers_by_segment",
    ("marts.dim_customer_segments",),
    f"select customer_id, segment_kind || ': ' || segment_name as member, {_NO_CURRENCY}, 1 as value "
    "from {db}.marts.dim_customer_segments where is_current",
)
JOURNEYS = Figure(
    "journeys_by_status",
    ("marts.fct_journeys",),
    f"select customer_id, status as member, {_NO_CURRENCY}, 1 as value from {{db}}.marts.fct_journeys",
)
CREDIT = Figure(
    "attributed_amount_by_channel",
    ("marts.fct_attribution", "marts.fct_orders"),
    "select o.customer_id, a.attribution_model || ': ' || a.channel as member, a.currency_code, "
    "a.attributed_amount as value "
    "from {db}.marts.fct_attribution as a join {db}.marts.fct_orders as o on o.order_id = a.order_id",
)
FIGURES = (CUSTOMERS, RFV_CELLS, SEGMENTS, JOURNEYS, CREDIT)
