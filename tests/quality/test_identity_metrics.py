"""What a run keeps of its identities, and the gate on what people labelled."""

from __future__ import annotations

from small_house import FIRST, build, resolve

from identity.review.decisions import record_decision
from quality.auditing import audit
from quality.operations_tables import quality_operations
from quality.report import write_report
from quality.report_identity import describe_resolution
from workspace.runs import Run
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace


def label_pairs(ws: Workspace, *lines: str) -> None:
    (ws.root / "identity").mkdir(exist_ok=True)
    header = "record_id_left,record_id_right,label"
    (ws.root / "identity" / "labels.csv").write_text("\n".join([header, *lines]) + "\n")


def record_of(ws: Workspace, customer_id: str) -> str:
    with connect(ws) as con:
        file = quote_literal(ws.build / "identity" / "customer_crosswalk.parquet")
        query = f"select min(record_id) from read_parquet({file}) where customer_id = ?"
        return str(con.execute(query, [customer_id]).fetchall()[0][0])


def metrics_of(ws: Workspace, run: Run) -> dict[str, float]:
    with quality_operations(ws) as con:
        rows = con.execute("select metric, value from identity_metrics where run_id = ?", [run.run_id]).fetchall()
    return dict(rows)


def test_a_run_below_the_budget_on_labels_is_held_and_says_why(built: Workspace) -> None:
    one, two, three = (record_of(built, f"c{number}") for number in (1, 2, 3))
    label_pairs(built, f"{one},{two},same", f"{two},{three},different")
    assert audit(built, FIRST).status == "pass", "labels without a budget are measured and hold nothing"
    assert metrics_of(built, FIRST)["labels_recall"] == 0

    (built.root / "workspace.yml").write_text("name: small house\ngates: {min_recall: 0.9, min_precision: 0.5}\n")
    demanding = Workspace.open(built.root)
    verdict = audit(demanding, FIRST)
    assert verdict.status == "hold"
    recall = next(one for one in verdict.reasons if one.startswith("recall"))
    assert "recall on the labelled sample is 0.0000, the budget at least 0.9: 1 of the 1 labelled pairs" in recall
    assert any(one.startswith("precision on the labelled sample is not measurable") for one in verdict.reasons)

    resolve(demanding, same_person={"c1": "c2"})
    build(demanding)
    assert audit(demanding, FIRST).status == "pass"
    assert metrics_of(demanding, FIRST)["labels_precision"] == 1


def test_a_decision_of_a_person_cannot_pass_the_gate_on_labels(built: Workspace) -> None:
    one, two = record_of(built, "c1"), record_of(built, "c2")
    (built.root / "workspace.yml").write_text("name: small house\ngates: {min_recall: 0.9}\n")
    demanding = Workspace.open(built.root)
    label_pairs(demanding, f"{one},{two},same")
    record_decision(demanding, one, two, "same", by="Ana Souza")
    resolve(demanding, same_person={"c1": "c2"})
    build(demanding)
    assert audit(demanding, FIRST).status == "hold", "the only labelled pair is decided, and proves nothing"
    found = metrics_of(demanding, FIRST)
    assert (found["decisions_pairs"], found["decisions_pairs_kept"], found["labels_pairs_same"]) == (1, 1, 0)


def test_the_report_tells_the_metrics_that_say_something() -> None:
    lines = describe_resolution(
        {
            "records": 1200, "records_unidentified_share": 0.125, "customers": 900, "edges_refused": 3, "edges_decided": 0,
            "edges_same_phone_and_given_name": 40, "customers_of_1_records": 600, "largest_customer_records": 14,
            "guard_flips_phone": 2, "labels_precision": 0.98765, "decisions_pairs": 5, "decisions_pairs_kept": 4,
        }
    )  # fmt: skip
    told = {line.title: (line.parts, line.remark) for line in lines}
    assert told["records to customers"] == (
        [("records", "1,200"), ("customers", "900")],
        "12.5 % of the records identify nobody",
    )
    assert told["joined by"] == ([("same phone and given name", "40")], "3 links stayed apart")
    assert told["guards that turned"][0] == [("phone", "2")]
    assert told["labelled sample"][0] == [("precision", "0.9877")]
    assert told["decided by people"][0] == [("pairs", "5"), ("held to", "4")]
    assert "ids changed" not in told


def test_the_page_shows_the_sample(built: Workspace) -> None:
    label_pairs(built, f"{record_of(built, 'c1')},{record_of(built, 'c2')},same")
    audit(built, FIRST)
    page = write_report(built, FIRST).read_text()
    assert "labelled sample" in page
    assert "recall <b>0.0000</b>" in page
