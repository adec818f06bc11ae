"""Resolution in a shadow: other rules or a candidate epoch decide there, and nowhere else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from identity.epochs import candidate_folder
from identity.renewing import adopt_candidate, make_candidate
from identity.resolving import resolve
from workspace.runs import Run
from workspace.shadows import in_shadow, shadow_folder
from workspace.workspace import Workspace

RUN = Run.at(datetime(2026, 1, 31, 5, tzinfo=UTC))


def table(ws: Workspace, name: str) -> list[tuple]:
    with duckdb.connect() as con:
        return con.execute(f"from read_parquet('{ws.build}/identity/{name}.parquet') order by all").fetchall()


def hashes(root: Path) -> dict[str, str]:
    files = (
        file for file in root.rglob("*") if file.is_file() and shadow_folder(Workspace.open(root)) not in file.parents
    )
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def people(count: int) -> list[dict]:
    names = ("Ana", "Rui", "Eva")
    return [
        {"id": str(n), "person_name": f"{names[n % 3]} Pinto", "phone": f"+55119876{n // 2:05d}", "birth_date": None}
        for n in range(count)
    ]


def test_other_rules_decide_in_the_shadow_as_they_would_in_the_workspace(lake, tmp_path_factory):
    lake.customers(
        {"id": "1", "person_name": "Ana Prado", "phone": "+5511987650001"},
        {"id": "2", "person_name": "Ana Prado Lima", "phone": "+5511987650001"},
    )
    lake.resolve()
    lake.publish()
    lake.resolve()
    assert lake.customer_of("1") == lake.customer_of("2")
    rules = tmp_path_factory.mktemp("rules") / "next.yml"
    rules.write_text("disable_rules: [same_phone_and_given_name]\n")
    before = hashes(lake.ws.root)
    with in_shadow(lake.ws) as shadow:
        resolve(shadow, RUN)
        assert table(shadow, "customer_crosswalk") == table(lake.ws, "customer_crosswalk")
    with in_shadow(lake.ws, rules=rules) as shadow:
        resolve(shadow, RUN)
        tried, changes = table(shadow, "customer_crosswalk"), table(shadow, "customer_id_history")
    assert hashes(lake.ws.root) == before
    (lake.ws.root / "identity.yml").write_text(rules.read_text())
    lake.resolve()
    assert lake.customer_of("1") != lake.customer_of("2")
    assert tried == table(lake.ws, "customer_crosswalk")
    assert changes == table(lake.ws, "customer_id_history")


def test_a_candidate_epoch_is_in_force_in_the_shadow_alone(lake):
    lake.customers(*people(20))
    lake.resolve()
    lake.publish()
    lake.customers(*({**one, "id": f"late-{one['id']}"} for one in people(60)[20:]))
    candidate = make_candidate(lake.ws, RUN)
    lake.resolve()
    published = lake.table("model_epoch", "select epoch_id from t")
    assert published != [(candidate.epoch_id,)]
    before = hashes(lake.ws.root)
    with in_shadow(lake.ws, epoch=candidate_folder(lake.ws)) as shadow:
        resolve(shadow, RUN)
        assert [row[0] for row in table(shadow, "model_epoch")] == [candidate.epoch_id]
        tried = table(shadow, "customer_crosswalk")
    assert hashes(lake.ws.root) == before
    lake.resolve()
    assert lake.table("model_epoch", "select epoch_id from t") == published
    adopt_candidate(lake.ws)
    lake.resolve()
    assert lake.table("model_epoch", "select epoch_id from t") == [(candidate.epoch_id,)]
    assert tried == table(lake.ws, "customer_crosswalk")
    with in_shadow(lake.ws) as shadow:
        resolve(shadow, RUN)
        assert [row[0] for row in table(shadow, "model_epoch")] == [candidate.epoch_id], "an adopted epoch is the next"
