"""The command line: help that teaches, errors for people, exit codes for scripts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from orchestration import cli
from orchestration.running import RunReport
from workspace.errors import ConfigError, GateRefused, WorkspaceLocked
from workspace.workspace import Workspace


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The options before a command are handed on in the environment; a test must not hand them to the next.
    for name in ("UNAVISTA_WORKSPACE", "UNAVISTA_DEBUG"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(tmp_path)


def report(status: str, **changes: Any) -> RunReport:
    values: dict[str, Any] = {
        "run_id": "run-20260131T050000Z",
        "as_of": datetime(2026, 1, 31, 5, tzinfo=UTC),
        "status": status,
        "reasons": () if status == "pass" else ("marts.fct_orders: 3 rows without a currency",),
        "is_unchanged": False,
        "seconds": 1.0,
        "cpu_seconds": 1.0,
        "step_seconds": {"land": 1.0},
        "step_cpu_seconds": {"land": 1.0},
        "publication": None,
        "report": None,
        "dagster_run_id": "x",
    }
    return RunReport(**{**values, **changes})


def played(monkeypatch: pytest.MonkeyPatch, answer: Any) -> dict[str, Any]:
    """Play the run, and return what it was asked."""
    asked: dict[str, Any] = {}

    def run_workspace(workspace: Workspace, **options: Any) -> RunReport:
        asked.update(options, workspace=workspace)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("orchestration.running.run_workspace", run_workspace)
    return asked


def commands(command: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, one in getattr(command, "commands", {}).items():
        found += [(*above, name), *commands(one, (*above, name))]
    return found


def test_every_command_teaches_when_its_help_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    names = commands(get_command(cli.app))
    assert {" ".join(name) for name in names} >= {
        "init", "demo", "run", "dev", "status", "feeds check", "feeds list", "quarantine list", "quarantine show",
        "quarantine replay", "feeds reland", "profile", "why-merged", "audience preview", "audience list", "activate", "publish", "sign",
        "docs", "schemas",
    }  # fmt: skip
    for name in names:
        assert cli.run([*name, "--help"]) == 0
        text = capsys.readouterr().out
        if name not in {("feeds",), ("quarantine",), ("audience",), ("identity",), ("identity", "epoch")}:
            assert "Example" in text and f"unavista {' '.join(name)}" in text, name


@pytest.mark.parametrize(("status", "code"), [("pass", 0), ("error", 1), ("hold", 2), ("stop", 3)])
def test_exit_code_says_how_a_run_ended_when_a_script_asks(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    played(monkeypatch, report(status))
    assert cli.run(["-w", str(shop.root), "run"]) == code
    told = capsys.readouterr().out
    assert ("3 rows without a currency" in told) == (status != "pass")
    assert ("unavista sign" in told) == (status == "hold")
    assert cli.run(["run", "--workspace", str(shop.root), "--json"]) == code
    assert json.loads(capsys.readouterr().out)["status"] == status


def test_options_reach_the_run_when_given(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = played(monkeypatch, report("pass"))
    cli.run(["-w", str(shop.root), "run", "--no-activate", "--wait", "9", "--as-of", "2026-01-31T02:00:00-03:00"])
    assert asked["activate"] is False and asked["wait_seconds"] == 9
    assert asked["as_of"] == datetime(2026, 1, 31, 5, tzinfo=UTC)
    assert asked["workspace"].root == shop.root


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (WorkspaceLocked("another run holds this workspace (process 7)"), 1, "process 7"),
        (GateRefused("run-x is held"), 3, "run-x is held"),
        (ConfigError("unknown key 'x'", file="feeds/a.yml", line=3), 1, "feeds/a.yml:3: unknown key 'x'"),
        (ValueError("ana@example.com"), 1, "unexpected ValueError"),
        (KeyboardInterrupt(), 130, "carries on"),
    ],
)  # fmt: skip
def test_error_reads_well_and_shows_no_data_when_a_run_fails(
    shop: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    told: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("orchestration.running.run_workspace", fail)
    assert cli.run(["-w", str(shop.root), "run"]) == code
    shown = capsys.readouterr().err
    assert told in shown and "Traceback" not in shown and "ana@example.com" not in shown


def test_traceback_is_shown_when_asked_for(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    played(monkeypatch, ValueError("where"))
    with pytest.raises(ValueError, match="where"):
        cli.run(["--debug", "-w", str(shop.root), "run"])


@pytest.mark.parametrize("arguments", [["run", "--nope"], ["nope"], ["run", "--as-of", "yesterday"], ["sign"]])
def test_code_is_not_that_of_a_held_run_when_the_command_is_wrong(shop: Workspace, arguments: list[str]) -> None:
    assert cli.run(["-w", str(shop.root), *arguments]) == 1


def test_every_mistake_has_its_line_when_the_configuration_is_wrong(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.root / "workspace.yml").write_text("name: Shop\ncountry: XX\nthreads: none\n", encoding="utf-8")
    assert cli.run(["-w", str(shop.root), "run"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("workspace.yml")[1][:3] for line in lines] == [":2:", ":3:"]
    assert "expected 'BR'" in lines[0]


def test_advice_is_given_when_there_is_no_workspace(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["status"]) == 1
    assert "unavista init" in capsys.readouterr().err


def test_new_workspace_stands_when_init_has_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", "my_shop", "--country", "PT"]) == 0
    assert Workspace.open(tmp_path / "my_shop").settings.name == "My Shop"
    assert "feeds check" in capsys.readouterr().out
    assert cli.run(["init", "my_shop"]) == 1
    assert "there is a workspace already" in capsys.readouterr().err


def test_empty_workspace_is_described_when_nothing_has_run(shop: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(shop.root)
    assert cli.run(["-w", root, "status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["published"], found["runs"], found["quarantine"]) == (None, [], [])
    for command in (["status"], ["feeds", "list"], ["quarantine", "list"], ["audience", "list"], ["schemas"]):
        assert cli.run(["-w", root, *command]) == 0
    for command in (["publish", "--rollback"], ["activate"], ["audience", "preview", "win_back"], ["profile", "x"]):
        assert cli.run(["-w", root, *command]) in (1, 3), command
    assert "Traceback" not in capsys.readouterr().err


def test_contracts_are_listed_when_a_feed_is_to_be_mapped(shop: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["-w", str(shop.root), "feeds", "list", "--contracts", "--json"]) == 0
    rows = {row["contract"]: row for row in json.loads(capsys.readouterr().out)}
    assert "source_sale_id" in rows["pos_sales"]["one row per"]


def test_mapping_is_tried_when_a_feed_is_checked(shop: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.root / "feeds" / "stores.yml").write_text(
        "feed: stores\ncontract: stores\nsource: {type: file, path: landing/stores.csv}\n"
        "columns: {store_id: ID, store_name: NOME, store_kind: TIPO}\ndefaults: {source_system: pos}\n",
        encoding="utf-8",
    )
    (shop.landing / "stores.csv").write_text("ID,NOME,TIPO,X\n1,Centro,own,a\n2,Praia,pirate,b\n", encoding="utf-8")
    assert cli.run(["-w", str(shop.root), "feeds", "check", "stores"]) == 1
    told = capsys.readouterr().out
    assert (
        "1 of 2 rows would land" in told and "not_in_vocabulary (store_kind)" in told and "no mapping reads: X" in told
    )
    assert not (shop.lake / "stores").exists()


STORES = """\
feed: tills
contract: stores
source: {{type: file, path: "landing/tills*", format: csv}}
columns: {{source_system: {{value: tills}}, store_id: ID, store_kind: {{value: own}}, store_name: {name}}}
"""


def test_batches_of_an_older_mapping_land_again_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ingestion.landing import land_contract
    from workspace.runs import Run

    (tmp_path / "workspace.yml").write_text("name: Tills\nas_of: 2026-01-31T05:00:00Z\n")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "tills.csv").write_text("ID,NAME,LABEL\n1,a,b\n")
    (tmp_path / "feeds" / "tills.yml").write_text(STORES.format(name="NAME"))
    ws = Workspace.open(tmp_path)
    land_contract(ws, Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC)), "stores")
    assert cli.run(["feeds", "reland"]) == 0
    assert "mapped as its feed is today" in capsys.readouterr().out

    (tmp_path / "feeds" / "tills.yml").write_text(STORES.format(name="LABEL"))
    assert cli.run(["feeds", "reland", "tills", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["landed"]["stores"]["accepted"], told["kept"]) == (1, {})

    (tmp_path / "feeds" / "tills.yml").write_text(STORES.format(name="NAME"))
    (tmp_path / "landing" / "tills.csv").unlink()
    assert cli.run(["feeds", "reland"]) == 1
    assert "landing/tills.csv is not there any more" in capsys.readouterr().out.replace("\n", " ")
    assert cli.run(["feeds", "reland", "till"]) == 1
    assert "there is no feed" in capsys.readouterr().err
