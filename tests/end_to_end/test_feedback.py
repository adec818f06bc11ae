"""What comes back from the channels changes the next run: an opt-out leaves every channel."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from sample_company import change_setting, exported, operations_of, published, run

NEXT_DAY = "as_of: 2026-07-02T03:00:00Z"


def sent_messages(folder: Path) -> list[dict]:
    """Return what the sync says it sent, as it will be landed."""
    files = sorted((folder / "landing" / "activation").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def receive(folder: Path, name: str, rows: list[dict]) -> None:
    """Put receipts of the e-mail provider into the landing folder."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "landing" / "receipts" / name).write_text(text, encoding="utf-8")


def last_full_file(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the newest full file of the e-mail sync."""
    names = sorted(name for name in exported(folder) if name.endswith("full.csv"))
    text = exported(folder)[names[-1]].decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def receipt_columns(folder: Path) -> dict[str, str]:
    """Return the provider's own column name of each contract column, from the feed's mapping."""
    import yaml

    feed = yaml.safe_load((folder / "feeds" / "channel_receipts.yml").read_text(encoding="utf-8"))
    return {
        name: entry if isinstance(entry, str) else entry.get("column", name) for name, entry in feed["columns"].items()
    }


def provider_word(folder: Path, column: str, word: str) -> str:
    """Return the provider's own word for a word of the vocabulary."""
    import yaml

    feed = yaml.safe_load((folder / "feeds" / "channel_receipts.yml").read_text(encoding="utf-8"))
    entry = feed["columns"][column]
    words = entry.get("map", {}) if isinstance(entry, dict) else {}
    return next((theirs for theirs, ours in words.items() if ours == word), word)


def as_delivered(folder: Path, receipt: dict[str, str]) -> dict[str, str]:
    columns = receipt_columns(folder)
    return {columns[name]: provider_word(folder, name, value) for name, value in receipt.items() if name in columns}


def test_unsubscribed_and_bounced_people_leave_when_their_receipts_come_back(finished: Path) -> None:
    messages = [one for one in sent_messages(finished) if one["operation"] == "add"]
    assert len(messages) >= 3, "the sample company wrote to nobody: the test would prove nothing"
    leaver, bouncer, clicker = messages[:3]
    receive(
        finished,
        "provider_feedback.jsonl",
        [
            as_delivered(
                finished,
                {
                    "source_system": "provider",
                    "provider_event_id": f"event-{number}",
                    "message_key": message["message_key"],
                    "exported_customer_id": message["customer_id"],
                    "channel": "email",
                    "response_type": kind,
                    "occurred_at": "2026-07-01T12:00:00Z",
                },
            )
            for number, (message, kind) in enumerate(
                [(leaver, "unsubscribe"), (bouncer, "bounce_hard"), (clicker, "delivered"), (clicker, "click")]
            )
        ],
    )
    change_setting(finished, NEXT_DAY)
    assert run(finished) == "pass"

    status = dict(
        published(
            finished,
            "select customer_id, status from marts.fct_interactions where source_interaction_id in "
            f"('{leaver['message_key']}', '{bouncer['message_key']}', '{clicker['message_key']}')",
        )
    )
    assert status[leaver["customer_id"]] == "unsubscribed"
    assert status[bouncer["customer_id"]] == "bounced"
    assert status[clicker["customer_id"]] == "clicked"

    consents = published(
        finished,
        "select distinct status from marts.dim_customer_consents where consent_channel = 'email' "
        f"and purpose in ('marketing', 'all') and customer_id = '{leaver['customer_id']}'",
    )
    assert ("revoked",) in consents

    remaining = {row["customer_id"] for row in last_full_file(finished)}
    assert leaver["customer_id"] not in remaining
    assert bouncer["customer_id"] not in remaining
    removed = operations_of(
        finished,
        "select customer_id from ops.sync_rows where operation = 'remove' and status = 'succeeded'",
    )
    assert {leaver["customer_id"], bouncer["customer_id"]} <= {row[0] for row in removed}
