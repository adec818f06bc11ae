from __future__ import annotations

import pytest
from activation_shop import SYNC, Shop

from activation.export_contracts import load_export_contract, violation_sql
from activation.loading import load_activation
from data_contracts.loader import contract_names
from workspace.errors import ConfigErrors


def _problems(shop: Shop) -> str:
    with pytest.raises(ConfigErrors) as caught:
        load_activation(shop.ws)
    return str(caught.value)


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        (
            {"where": "order_cuont > 0"},
            "audiences/buyers.yml:3: unknown column 'order_cuont' (at where); expected order_count",
        ),
        ({"where": "customer_id in (select 1)"}, "subquery is not allowed"),
        ({"purpose": "all"}, "buyers.yml:4: purpose 'all' is not allowed"),
        ({"channel": "store"}, "buyers.yml:5: channel 'store' is not one that people consent to"),
        ({"channel": "smoke"}, "channel 'smoke'"),
        ({"limit": 5}, "`limit` without `order_by`"),
        ({"order_by": ["revenue; drop table x"]}, "is not a column with an optional asc or desc"),
        ({"order_by": ["revenue desc"]}, "unknown column 'revenue'"),
        ({"holdout": {"percent": 100, "salt": "s"}}, "less than 100"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_audience_is_refused_with_the_place_of_the_mistake(shop: Shop, audience: dict, expected: str) -> None:
    shop.configure(audience=audience)
    assert expected in _problems(shop)


@pytest.mark.parametrize(
    ("sync", "expected"),
    [
        (
            {"audience": "nobody"},
            "syncs.yml:3: there is no audience 'nobody' (at syncs.buyers_to_files.audience); expected",
        ),
        ({"destination": "moon"}, "there is no destination 'moon'"),
        ({"contract": "moon"}, "there is no exports contract named 'moon'"),
        (
            {"contract": "phone_audience", "fields": {"customer_id": "customer_id", "phone": "phone"}},
            "is not for the consent",
        ),
        ({"fields": {"customer_id": "customer_id"}}, "the contract requires the column 'email'"),
        (
            {"fields": {**SYNC["fields"], "campaign_code": "given_name"}},
            "column 'given_name' is pii_direct and may not fill",
        ),
        ({"fields": {**SYNC["fields"], "shoe_size": "city"}}, "syncs.yml:11: contract has no column 'shoe_size'"),
        ({"fields": {**SYNC["fields"], "city": "cidade"}}, "unknown column 'cidade'"),
        ({"fields": {**SYNC["fields"], "city": {"column": "city", "transform": "rot13"}}}, "unknown transform 'rot13'"),
        (
            {"fields": {**SYNC["fields"], "city": {"column": "city", "value": "x"}}},
            "exactly one of `column` or `value`",
        ),
        ({"key": ["email"]}, "key column 'email' is raw personal data"),
        ({"key": ["email_sha256"]}, "is not among the fields"),
        ({"behaviour": "replace"}, "value not allowed"),
    ],
)
def test_sync_is_refused_with_the_place_of_the_mistake(shop: Shop, sync: dict, expected: str) -> None:
    shop.configure(sync=sync)
    assert expected in _problems(shop)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ({"type": "file", "folder": "../outside"}, "destinations.yml:4"),
        ({"type": "file", "folder": "/etc"}, "destinations.yml:4"),
        ({"type": "http", "url": "http://example.com/x"}, "personal data is sent over https only"),
        ({"type": "http", "url": "https://user:pass@example.com/x"}, "the address holds credentials"),
        ({"type": "http", "url": "ftp://example.com"}, "not an http(s) address"),
        ({"type": "http", "url": "https://x.com", "headers": {"Authorization": "Bearer 1"}}, "looks like a secret"),
        ({"type": "http", "url": "https://x.com", "bearer_token_env": "s3cret value"}, "bearer_token_env"),
        ({"type": "pigeon"}, "pigeon"),
    ],
)
def test_destination_is_refused_when_it_is_unsafe(shop: Shop, destination: dict, expected: str) -> None:
    shop.configure(destination=destination)
    assert expected in _problems(shop)


def test_policy_is_refused_when_it_names_what_does_not_exist(shop: Shop) -> None:
    shop.configure(
        policy={
            "legal_bases": {"marketing": ["whim"], "all": ["consent"]},
            "exempt_suppressions": {"service": ["erased"]},
        }
    )
    assert "exempt_suppressions.service.0" in _problems(shop)
    shop.configure(
        policy={
            "legal_bases": {"marketing": ["whim"], "all": ["consent"]},
            "frequency_caps": [{"channel": "smoke", "max_contacts": 1, "days": 1}],
        }
    )
    text = _problems(shop)
    assert (
        "unknown legal basis 'whim'" in text and "unknown purpose 'all'" in text and "unknown channel 'smoke'" in text
    )


def test_mail_may_not_leave_over_http(shop: Shop) -> None:
    fields = {"customer_id": "customer_id", "street": "street", "postal_code": "postal_code"}
    shop.configure(
        audience={"channel": "direct_mail"},
        sync={"contract": "mail_audience", "fields": fields},
        destination={"type": "http", "url": "https://x.com"},
    )
    assert "does not go to http destinations" in _problems(shop)


def test_every_export_contract_is_well_formed() -> None:
    names = contract_names("exports")
    assert {"email_audience", "phone_audience", "mail_audience", "ads_audience", "profile_audience"} <= set(names)
    for name in names:
        export = load_export_contract(name)
        assert export.contract.primary_key == ("customer_id",)
        assert violation_sql(export, export.contract.column_names).startswith("case ")
        direct = {column for column in export.contract.column_names if export.pii_class(column) == "pii_direct"}
        assert bool(direct) == ("pii_direct" in export.allowed_pii)
