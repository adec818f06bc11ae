"""Wrong feed files are refused before anything runs, with file, line and what was expected."""

from __future__ import annotations

import pytest
from shop_feeds import SALE_COLUMNS, STORE_COLUMNS

from ingestion.feeds import load_feeds
from workspace.errors import ConfigErrors


def refused(shop) -> str:
    with pytest.raises(ConfigErrors) as caught:
        load_feeds(shop.ws)
    return str(caught.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"columns": STORE_COLUMNS | {"storename": "NAME"}}, "stores has no column 'storename'.*expected store_name"),
        ({"columns": {"store_id": "ID"}}, "required column 'source_system' is not mapped"),
        ({"columns": STORE_COLUMNS | {"store_kind": {"value": "owned"}}}, "'owned' is not a word of store_kind"),
        ({"columns": STORE_COLUMNS | {"opened_on": {"value": "soon"}}}, "'soon' is not a DATE"),
        ({"columns": STORE_COLUMNS, "defaults": {"store_kind": "x"}}, "'x' is not a word of store_kind"),
        ({"columns": STORE_COLUMNS | {"city": {"sql": "upper(NAME"}}}, "not valid SQL"),
        ({"columns": STORE_COLUMNS | {"city": {"sql": "read_text('x')"}}}, "'read_text' is not allowed"),
        ({"columns": STORE_COLUMNS, "where": "(select true)"}, "subquery is not allowed"),
        ({"columns": STORE_COLUMNS | {"city": {"column": "A", "sql": "B"}}}, "exactly one of"),
        ({"columns": STORE_COLUMNS | {"city": {"column": "A", "map": {True: "x"}}}}, "put it in quotes"),
        ({"columns": STORE_COLUMNS | {"opened_on": {"column": "A", "format": ["%d %z", "%d"]}}}, "cannot be mixed"),
        ({"columns": STORE_COLUMNS, "colour": "red"}, "unknown key 'colour'"),
        ({"columns": STORE_COLUMNS, "contract": "shops"}, "unknown contract 'shops'"),
        ({"columns": STORE_COLUMNS, "source": {"encoding": "klingon"}}, "unknown encoding 'klingon'"),
        ({"columns": STORE_COLUMNS, "source": {"delimiter": ";;"}}, "the delimiter is one character"),
        ({"columns": STORE_COLUMNS, "source": {"decimal": ",", "thousands": ","}}, "different marks"),
        ({"columns": STORE_COLUMNS, "source": {"timezone": "Brazil/Nowhere"}}, "unknown time zone"),
        ({"columns": STORE_COLUMNS, "source": {"header": False}}, "header: false"),
        ({"columns": STORE_COLUMNS, "source": {"options": {"secret_key": "abc"}}}, "env:NAME_OF_VARIABLE"),
        ({"columns": STORE_COLUMNS, "source": {"path": "../x"}}, "path leaves the workspace"),
    ],
)
def test_one_mistake(shop, config, message):
    shop.feed(**config)
    text = refused(shop)
    assert "tills.yml:" in text
    import re

    assert re.search(message, text), text


def test_all_mistakes_of_all_files_are_told_together(shop):
    shop.feed("one", columns={"store_id": "ID"})
    shop.feed("two", "pos_sales", columns=SALE_COLUMNS | {"nett": "NET"})
    text = refused(shop)
    assert ("one.yml" in text, "two.yml" in text, len(text.splitlines()) >= 4) == (True, True, True)


def test_two_files_of_one_name(shop):
    shop.feed("one", columns=STORE_COLUMNS)
    (shop.root / "feeds" / "two.yml").write_text((shop.root / "feeds" / "one.yml").read_text())
    assert "feed 'one' is defined twice" in refused(shop)


def test_mended_file_is_read_again(shop):
    shop.feed(columns={"store_id": "ID"})
    refused(shop)
    shop.feed(columns=STORE_COLUMNS)
    assert [one.name for one in load_feeds(shop.ws)] == ["tills"]


def test_words_of_the_workspace_are_allowed(shop):
    columns = {
        "source_system": {"value": "ads"}, "source_campaign_id": "ID", "campaign_name": "ID", "starts_on": "DAY",
        "channel": {"value": "carrier_pigeon"},
    }  # fmt: skip
    shop.feed(contract="campaigns", columns=columns)
    assert "carrier_pigeon" in refused(shop)
    (shop.root / "vocabulary.yml").write_text(
        "channels:\n  carrier_pigeon: {label: Pigeon, medium: print, is_paid: true, is_digital: false, "
        "consent_channel: mail}\n"
    )
    assert [one.name for one in load_feeds(shop.ws)] == ["tills"]


def test_nothing_lands_when_one_feed_is_wrong(shop):
    shop.feed("one", columns=STORE_COLUMNS)
    shop.feed("two", columns={"store_id": "ID"})
    shop.file("one.csv", "ID,NAME,OPENED,CHANGED\n1,A,,\n")
    with pytest.raises(ConfigErrors):
        shop.land()
    assert not list((shop.root).glob("lake/*/batch=*/part-0.parquet"))
