"""Doubts: what makes a link inside a customer likelier wrong, told by links that differ in nothing else."""

from __future__ import annotations

from datetime import datetime

from identity import resolving
from identity.configuration import load_identity_config
from identity.linking import cluster_records
from identity.published import create_published
from identity.review.doubts import COEFFICIENTS, FEATURES, create_doubts
from workspace.runs import Run
from workspace.sql import connect

AS_OF = Run.at(datetime.fromisoformat("2026-01-31T05:00:00+00:00"))
ADDRESS = {"street": "Rua das Flores", "street_number": "7", "postal_code": "01310-100"}


def doubts_of(lake) -> dict[str, tuple[float, dict[str, float]]]:
    """Return for each customer with a visitor who is known by a device: how doubtful, and what was seen."""
    config = load_identity_config(lake.ws)
    with connect(lake.ws) as con:
        create_published(con, lake.ws)
        resolving.link_records(con, lake.ws, AS_OF, config)
        cluster_records(con, config)
        resolving._create_outputs(con, lake.ws, AS_OF, config)
        create_doubts(con, config)
        rows = con.execute(
            "select r.source_customer_id, probability, device_in_household, device_beside_others from doubts d "
            "join clustered c on c.cluster = d.cluster join records r on r.rid = c.rid "
            "where d.device > 0 and r.contract = 'crm_customers'"
        ).fetchall()
    return {row[0]: (row[1], {"household": row[2], "others": row[3]}) for row in rows}


def test_a_device_is_doubted_more_in_a_shared_house_and_beside_a_device_of_ones_own(lake):
    lake.customers(
        {"id": "alone", "person_name": "Ana Lima", "email": "ana@uol.com.br"},
        {"id": "housed", "person_name": "Otto Reis", "email": "otto@uol.com.br"} | ADDRESS,
        {"id": "other", "person_name": "Iara Reis", "email": "iara@uol.com.br"} | ADDRESS,
        {"id": "two", "person_name": "Rui Prado", "email": "rui@uol.com.br"},
    )
    event = {"source_system": "web", "event_type": "page_view", "occurred_at": datetime(2025, 7, 1)}
    rows = []
    for customer, devices in {"alone": ["d1"], "housed": ["d2"], "two": ["d3", "d4"]}.items():
        for device in devices:
            rows.append(event | {"customer_ref_system": "crm", "customer_ref_id": customer, "device_id": device})
        rows.append(event | {"device_id": devices[0]})
    lake.write("ecommerce_events", [row | {"source_event_id": str(place)} for place, row in enumerate(rows)])
    found = doubts_of(lake)
    assert set(found) == {"alone", "housed", "two"}
    assert found["alone"][1] == {"household": 0, "others": 0}
    assert found["housed"][1]["household"] > 0 and found["two"][1]["others"] > 0
    assert found["housed"][0] > found["alone"][0] and found["two"][0] > found["alone"][0]


def test_every_feature_has_a_coefficient():
    assert set(COEFFICIENTS) == set(FEATURES)


def test_no_feature_has_the_name_of_a_column_that_it_is_made_of(lake):
    lake.customers(*({"id": f"{i}", "person_name": "Ana Lima", "email": "ana@uol.com.br"} for i in range(3)))
    config = load_identity_config(lake.ws)
    with connect(lake.ws) as con:
        create_published(con, lake.ws)
        resolving.link_records(con, lake.ws, AS_OF, config)
        cluster_records(con, config)
        resolving._create_outputs(con, lake.ws, AS_OF, config)
        create_doubts(con, config)
        links = {row[0] for row in con.execute("describe review_links").fetchall()}
    assert not links & set(FEATURES)
