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


RECEIPTS_FEED = """\
feed: email_tool_receipts
contract: channel_receipts
source: {type: file, path: "landing/receipts/email_tool_*.jsonl", format: jsonl}
columns:
  source_system: {value: email_tool}
  provider_event_id: id
  message_key: message_key
  exported_customer_id: customer_id
  channel: {value: email}
  response_type: {column: event, map: {unsubscribed: unsubscribe, bounced: bounce_hard, delivered: delivered, clicked: click}}
  occurred_at: at
"""


def receive(folder: Path, events: list[tuple[dict, str]]) -> None:
    """Let the e-mail tool report on messages, in its own words, through a feed of its own."""
    (folder / "feeds" / "email_tool_receipts.yml").write_text(RECEIPTS_FEED, encoding="utf-8")
    lines = [
        {
            "id": f"event-{number}",
            "message_key": message["message_key"],
            "customer_id": message["customer_id"],
            "event": event,
            "at": "2026-07-01T12:00:00Z",
        }
        for number, (message, event) in enumerate(events)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "landing" / "receipts" / "email_tool_2026-07-01.jsonl").write_text(text, encoding="utf-8")


def last_full_file(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the newest full file of the e-mail sync."""
    names = sorted(name for name in exported(folder) if name.endswith("full.csv"))
    text = exported(folder)[names[-1]].decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def test_unsubscribed_and_bounced_people_leave_when_their_receipts_come_back(finished: Path) -> None:
    messages = [one for one in sent_messages(finished) if one["operation"] == "add"]
    assert len(messages) >= 3, "the sample company wrote to nobody: the test would prove nothing"
    leaver, bouncer, clicker = messages[:3]
    receive(
        finished,
        [(leaver, "unsubscribed"), (bouncer, "bounced"), (clicker, "clicked"), (clicker, "delivered")],
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
        "select distinct status from marts.dim_customer_consents where consent_channel in ('email', 'all') "
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
