"""What a page reads by keys is all that stands in the tables about its customer."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from test_identity_state import cpf_of

from identity.cluster_view import read_cluster


def registration(rng: random.Random, number: int) -> dict:
    return {
        "id": str(number),
        "person_name": f"{rng.choice(['Ana', 'Otto', 'Bia'])} {rng.choice(['Lima', 'Weber'])}",
        "document_number": cpf_of(700 + rng.randint(1, 20)) if rng.random() < 0.4 else None,
        "email": f"p{rng.randint(1, 20)}@uol.com.br",
        "phone": f"1198000{rng.randint(1000, 1020)}" if rng.random() < 0.5 else None,
        "birth_date": f"19{rng.randint(50, 54)}-03-05" if rng.random() < 0.5 else None,
        "updated_at": datetime(2025, 1, rng.randint(1, 28)),
    }


@pytest.fixture(scope="module")
def lived(shared_lake):
    """A view after three deliveries, in which customers merged, split and shared what may not join them."""
    rng = random.Random(7)
    for day in range(3):
        shared_lake.customers(*(registration(rng, rng.randint(1, 90)) for _ in range(60)))
        shared_lake.resolve(as_of=datetime(2026, 1, 20 + day, 5, tzinfo=UTC))
        shared_lake.publish()
    return shared_lake


def customers(lake) -> list[str]:
    query = "select distinct customer_id from t where customer_id is not null order by 1"
    return [row[0] for row in lake.table("customer_crosswalk", query)]


def test_view_has_something_of_everything(lived):
    pages = [read_cluster(lived.ws, one) for one in customers(lived)]
    assert {change.reason for page in pages for change in page.history} >= {"new", "merge", "split"}
    refused = [edge for page in pages for edge in page.edges if edge.other_customer_id]
    assert len(refused) > 10 and any(page.waiting for page in pages) and any(page.retired_ids for page in pages)


def test_every_edge_with_an_end_in_the_customer_is_on_the_page(lived):
    for customer in customers(lived):
        expected = lived.table(
            "match_edges",
            f"""
            with mine as (
                select record_id from read_parquet('{lived.ws.build / "identity" / "customer_crosswalk.parquet"}')
                where customer_id = '{customer}'
            )
            select rule_name, weight, identifier_kind from t where rule_name <> 'same_evidence'
                and (record_id_left in (from mine) or record_id_right in (from mine)) order by all
            """,
        )
        page = read_cluster(lived.ws, customer)
        shown = [(edge.rule_name, edge.weight, edge.identifier_kind) for edge in page.edges]
        assert sorted(shown, key=repr) == sorted(expected, key=repr), customer


def test_every_change_from_or_to_the_customer_is_on_the_page(lived):
    for customer in customers(lived):
        expected = lived.table(
            "customer_id_history",
            f"""
            select changed_at, run_id, reason, old_customer_id, new_customer_id, count(*), min(evidence) from t
            where '{customer}' in (old_customer_id, new_customer_id) group by all
            order by 1, 2, 3, 4 nulls first, 5 nulls first
            """,
        )
        page = read_cluster(lived.ws, customer)
        assert [tuple(vars(change).values()) for change in page.history] == expected, customer


def test_every_pair_that_waits_is_on_the_page_best_first(lived):
    for customer in customers(lived):
        expected = lived.table(
            "review_queue",
            f"select review_id from t where '{customer}' in (customer_id_left, customer_id_right) "
            "order by priority desc, review_id",
        )
        assert [(pair.review_id,) for pair in read_cluster(lived.ws, customer).waiting] == expected, customer
