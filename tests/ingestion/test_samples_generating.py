"""The generator as a whole: the same bytes for the same seed, every contract served, memory flat."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from data_contracts.loader import contract_names
from ingestion.samples import generate_samples, write_sample_workspace
from ingestion.samples.locales import LOCALES, load_locale
from ingestion.samples.workspaces import feed_files
from workspace.errors import ConfigError
from workspace.workspace import Workspace


def _bytes(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_sample_workspace(tmp_path / name, people=120, seed=11)
    generate_samples(tmp_path / "other", people=120, seed=12)
    first = _bytes(tmp_path / "one")
    assert first == _bytes(tmp_path / "two")
    other = _bytes(tmp_path / "other")
    same = {name for name, digest in other.items() if first.get(name) == digest}
    assert same <= {"landing/catalogue/stores.csv", "truth/records/crm_companies.parquet"}


def test_the_order_of_blocks_leaves_the_first_people_alone(tmp_path, monkeypatch):
    from ingestion.samples import generating

    monkeypatch.setattr(generating, "BLOCK_PEOPLE", 50)
    generate_samples(tmp_path / "few", people=100, seed=5)
    generate_samples(tmp_path / "more", people=150, seed=5)
    few, more = (pl.read_parquet(tmp_path / name / "truth/persons.parquet") for name in ("few", "more"))
    columns = ["person_id", "full_name", "document_number", "mobile"]
    shared = more.join(few, on="person_id", how="semi").select(columns)
    assert shared.equals(few.select(columns))
    assert more["document_number"].n_unique() == len(more)
    assert more["email"].n_unique() == len(more)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_contract_has_a_feed_and_files(tmp_path, locale):
    write_sample_workspace(tmp_path, people=150, seed=3, locale=locale)
    feeds = {name: yaml.safe_load(text) for name, text in feed_files(load_locale(locale)).items()}
    assert {feed["contract"] for feed in feeds.values()} == set(contract_names("feeds")) - {"activation_messages"}
    for feed in feeds.values():
        assert list(tmp_path.glob(feed["source"]["path"])) != [], feed["feed"]
    assert Workspace.open(tmp_path).settings.as_of is not None


def test_every_file_is_read_by_exactly_one_feed(tmp_path):
    write_sample_workspace(tmp_path, people=300, seed=3)
    readers = {}
    for text in feed_files(load_locale("BR")).values():
        feed = yaml.safe_load(text)
        for file in tmp_path.glob(feed["source"]["path"]):
            readers.setdefault(file, []).append(feed["feed"])
    files = [file for file in (tmp_path / "landing").rglob("*") if file.is_file()]
    assert {file: len(readers.get(file, [])) for file in files} == dict.fromkeys(files, 1)


def test_existing_files_are_never_mixed_with(tmp_path):
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing/mine.csv").write_text("a", encoding="utf-8")
    with pytest.raises(ConfigError, match="files already"):
        generate_samples(tmp_path, people=10, seed=1)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["mine.csv"]


def test_one_person_is_enough(tmp_path):
    summary = generate_samples(tmp_path, people=1, seed=2)
    assert summary.people == 1
    assert summary.total_rows == sum(summary.rows.values()) > 0


@pytest.mark.slow
def test_memory_does_not_grow_with_people(tmp_path):
    """Past the second block the peak may only grow with what is global: the streets, one for eight people."""
    script = (
        "import resource, sys; from pathlib import Path; from ingestion.samples import generate_samples; "
        "generate_samples(Path(sys.argv[1]), people=int(sys.argv[2]), seed=1); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = [
        int(
            subprocess.check_output([sys.executable, "-c", script, str(tmp_path / str(people)), str(people)], text=True)
        )
        for people in (50_000, 125_000)
    ]
    assert peaks[1] < peaks[0] * 1.25
