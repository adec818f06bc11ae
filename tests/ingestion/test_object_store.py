"""Deliveries in an object store, through fsspec."""

from __future__ import annotations

import gzip

import fsspec
import pytest
from shop_feeds import STORE_COLUMNS

from workspace.errors import ConfigError, ConfigErrors

HEADER = "ID,NAME,OPENED,CHANGED\n"


@pytest.fixture
def bucket():
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


def test_files_of_a_store_land_once(shop, bucket):
    bucket.pipe("/shop/tills/one.csv", (HEADER + "1,A,,\n").encode())
    bucket.pipe("/shop/tills/two.csv.gz", gzip.compress((HEADER + "2,B,,\n").encode()))
    bucket.pipe("/shop/other.csv", b"not of this feed")
    shop.feed(columns=STORE_COLUMNS, source={"path": "memory://shop/tills/*"})
    assert shop.land().total("accepted") == 2
    assert [row[0] for row in shop.rows("_source_file")] == [
        "memory://shop/tills/one.csv", "memory://shop/tills/two.csv.gz",
    ]  # fmt: skip
    assert shop.land().batches == []
    bucket.pipe("/shop/tills/one.csv", (HEADER + "1,A,,\n3,C,,\n").encode())
    assert shop.land().total("accepted") == 1
    shop.balance()


def test_store_and_folder_in_one_feed(shop, bucket):
    bucket.pipe("/shop/one.csv", (HEADER + "1,A,,\n").encode())
    shop.file("tills.csv", HEADER + "1,A,,\n")
    shop.feed(columns=STORE_COLUMNS, source={"path": ["landing/tills*", "memory://shop/*.csv"]})
    result = shop.land()
    assert (result.total("accepted"), len(result.skipped)) == (1, 1)


def test_unknown_protocol_and_missing_variable(shop, monkeypatch):
    shop.feed(columns=STORE_COLUMNS, source={"path": "nowhere://x/*"})
    with pytest.raises(ConfigError, match="cannot be read"):
        shop.land()
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    shop.feed(columns=STORE_COLUMNS, source={"path": "memory://x/*", "options": {"secret": "env:NO_SUCH_KEY"}})
    with pytest.raises((ConfigError, ConfigErrors), match="NO_SUCH_KEY is not set"):
        shop.land()


@pytest.mark.slow
def test_s3(shop, monkeypatch):
    pytest.importorskip("s3fs")
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("SHOP_KEY", "key")
        monkeypatch.setenv("SHOP_SECRET", "secret")
        options = {"key": "env:SHOP_KEY", "secret": "env:SHOP_SECRET", "endpoint_url": f"http://{host}:{port}"}
        store = fsspec.filesystem("s3", key="key", secret="secret", endpoint_url=options["endpoint_url"])
        store.mkdir("shop")
        store.pipe("shop/tills/one.csv", (HEADER + "1,A,,\n").encode())
        shop.feed(columns=STORE_COLUMNS, source={"path": "s3://shop/tills/*.csv", "options": options})
        assert shop.land().total("accepted") == 1
        assert shop.rows("_source_file") == [("s3://shop/tills/one.csv",)]
        assert shop.land().batches == []
        store.pipe("shop/tills/one.csv", (HEADER + "1,B,,2026-01-01\n").encode())
        assert shop.land().total("accepted") == 1
    finally:
        server.stop()
