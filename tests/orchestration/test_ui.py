"""The Dagster UI in a headless browser: the graph by room, and a failed check with its reason."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.running import run_workspace
from orchestration.scaffolding import scaffold
from orchestration.serving import start
from workspace.workspace import Workspace

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = os.environ.get("UNAVISTA_REQUIRE_BROWSER") == "1"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not BROWSER and not REQUIRED, reason="needs Chromium: apt-get install chromium"),
]
FEED = """feed: stores
contract: stores
source: {type: file, path: landing/stores.csv}
columns: {store_id: ID, store_name: NOME, store_kind: TIPO}
defaults: {source_system: pos}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The UI on a workspace whose one run was stopped by a feed full of unknown words."""
    assert BROWSER, "UNAVISTA_REQUIRE_BROWSER=1 and there is no Chromium"
    folder = tmp_path_factory.mktemp("ui") / "shop"
    scaffold(folder, name="Shop")
    (folder / "feeds" / "stores.yml").write_text(FEED, encoding="utf-8")
    rows = "".join(f"{number},Loja,pirate\n" for number in range(20))
    (folder / "landing" / "stores.csv").write_text("ID,NOME,TIPO\n0,Centro,own\n" + rows, encoding="utf-8")
    workspace = Workspace.open(folder)
    before = dict(os.environ)
    try:
        assert run_workspace(workspace).exit_code == 3
    finally:
        os.environ.clear()
        os.environ.update(before)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "web.log"
    process = start(workspace, host="127.0.0.1", port=port, view_only=True, log=log)
    try:
        _wait(f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _wait(address: str, log: Path) -> None:
    body = json.dumps({"query": "{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}"}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"content-type": "application/json"})
    deadline = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                if b"nodes" in answer.read():
                    return
        except OSError:
            pass
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")[-2000:]
        time.sleep(0.5)


def _page(url: str, *arguments: str) -> str:
    assert BROWSER
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1600,1000",
               "--virtual-time-budget=20000", *arguments, url]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout


def _screenshot(url: str, name: str, folder: Path) -> None:
    target = Path(os.environ.get("UNAVISTA_SCREENSHOTS") or folder) / f"{name}.png"
    _page(url, f"--screenshot={target}")
    assert target.stat().st_size > 20_000


def test_rooms_are_groups_when_the_graph_is_looked_at(address: str, tmp_path: Path) -> None:
    page = _page(f"{address}/asset-groups", "--dump-dom")
    for room in ("ingestion", "identity", "staging", "marts", "quality", "activation", "feedback"):
        assert room in page, room
    _screenshot(f"{address}/asset-groups", "asset_graph", tmp_path)


def test_reason_is_read_when_a_failed_check_is_looked_at(address: str, tmp_path: Path) -> None:
    url = f"{address}/assets/raw/pos/stores?view=checks&checkDetail=contract_holds"
    page = _page(url, "--dump-dom")
    assert "contract_holds" in page and "Failed" in page and "blocking" in page
    assert "20 of 21 rows were quarantined" in page
    _screenshot(url, "failed_check", tmp_path)
