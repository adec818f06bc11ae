"""Configuration errors point at file, line and key; paths stay inside the workspace; writes are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.atomic import replace_dir, replace_symlink, write_text_atomic
from workspace.errors import ConfigError, ConfigErrors
from workspace.expressions import validate_expression
from workspace.settings import WorkspaceSettings
from workspace.workspace import Workspace
from workspace.yaml_files import load_model, read_yaml


def write(folder: Path, text: str) -> Path:
    file = folder / "workspace.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_problem_is_told_with_its_line_when_several_keys_are_wrong(tmp_path: Path) -> None:
    file = write(tmp_path, "name: Shop\ncountry: XX\nthreads: 0\nnmae: twice\ngates:\n  max_volume_drop_percent: 200\n")
    with pytest.raises(ConfigErrors) as caught:
        load_model(file, WorkspaceSettings)
    found = {error.key: error for error in caught.value.errors}
    assert {key: error.line for key, error in found.items()} == {
        "country": 2, "threads": 3, "nmae": 4, "gates.max_volume_drop_percent": 6,
    }  # fmt: skip
    assert "'BR'" in str(found["country"].expected) and "unknown key 'nmae'" in str(found["nmae"])
    assert str(found["threads"]).startswith(f"{file}:3:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: a\nname: b\n", "duplicate key 'name'"),
        ("name: [a\n", "expected"),
        ("name: !!python/object:os.x {}\n", "constructor"),
    ],
)
def test_file_is_refused_when_it_is_not_plain_yaml(tmp_path: Path, text: str, told: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError, match=told) as caught:
        read_yaml(file)
    assert caught.value.line is not None


def test_file_is_refused_when_it_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "workspace.yml"
    file.write_bytes("name: São".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_yaml(file)


def test_time_zone_is_named_when_it_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"IANA"):
        load_model(write(tmp_path, "name: Shop\ntimezone: Brasilia\n"), WorkspaceSettings)


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a/../../b", "~/x", "s3://bucket/x", "file:///etc/x"])
def test_path_is_refused_when_it_leaves_the_workspace(tmp_path: Path, path: str) -> None:
    write(tmp_path, "name: Shop\n")
    with pytest.raises(ConfigError):
        Workspace.open(tmp_path).resolve_inside(path)


def test_path_is_refused_when_a_link_leads_out(tmp_path: Path) -> None:
    shop, outside = tmp_path / "shop", tmp_path / "outside"
    shop.mkdir()
    outside.mkdir()
    write(shop, "name: Shop\n")
    (shop / "landing").symlink_to(outside)
    with pytest.raises(ConfigError, match="link"):
        Workspace.open(shop).resolve_inside("landing/*.csv")


def test_folder_is_refused_when_it_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unavista init"):
        Workspace.open(tmp_path)


def test_old_content_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    write_text_atomic(file, "old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_text_atomic(file, "new")
    assert file.read_text(encoding="utf-8") == "old"


def test_link_and_folder_are_replaced_when_they_exist(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which").write_text(name, encoding="utf-8")
        replace_symlink(tmp_path / "current", tmp_path / name)
        assert (tmp_path / "current" / "which").read_text(encoding="utf-8") == name
    replace_dir(tmp_path / "two", tmp_path / "one")
    assert (tmp_path / "one" / "which").read_text(encoding="utf-8") == "two"


@pytest.mark.parametrize(
    "text",
    ["(select 1)", "a = 1; drop table x", "a = 1 -- all", "read_text('/etc/passwd') = ''", "unknown = 1", "a, b", "*",
     "a = $1", "row_number() over () = 1", "a in (select a from b)", "getenv('HOME') = ''", "a ="],
)  # fmt: skip
def test_expression_is_refused_when_it_is_more_than_a_condition(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_expression(text, {"a", "b"}, file="segments/x.yml", line=3, key="where")
    assert str(caught.value).startswith("segments/x.yml:3:")


@pytest.mark.parametrize("text", ["a >= 2 and b <= 90", "lower(a) like 'x%' or b is null", "a in ('x', 'y')", "not a"])
def test_expression_is_kept_when_it_is_a_condition(text: str) -> None:
    assert validate_expression(f" {text} ", {"a", "b"}) == text


def test_near_names_are_offered_when_a_column_is_misspelt() -> None:
    with pytest.raises(ConfigError, match="order_count"):
        validate_expression("order_cuont > 1", {"order_count", "city"})
