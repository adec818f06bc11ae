"""Over a whole sample company, the marts and activation say the same about whom marketing reaches on which channel."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_company import published

from activation.configuration import Audience, Policy
from activation.permissions import Stages
from activation.selection import select_people
from data_contracts.vocabulary import load_vocabulary
from quality.publications import current_publication
from workspace.sql import connect, quote_literal
from workspace.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("channel", ["email", "sms", "whatsapp", "telemarketing", "direct_mail"])
def test_marts_and_activation_agree_when_nothing_else_holds_back(finished_folder: Path, channel: str) -> None:
    consent_channel = load_vocabulary().channels[channel].consent_channel
    said = {
        row[0]
        for row in published(finished_folder, f"select customer_id from marts.customer_360 where can_{consent_channel}")
    }
    publication = current_publication(Workspace.open(finished_folder))
    assert publication is not None
    audience = Audience(name="all", description="Everyone.", where="true", purpose="marketing", channel=channel)
    with connect() as con:
        con.execute(f"attach {quote_literal(Workspace.open(finished_folder).published_file)} as published (read_only)")
        con.execute("create temp table aliases (retired_customer_id varchar, customer_id varchar)")
        con.execute("create temp table members (customer_id varchar)")
        as_of = publication.as_of.replace(tzinfo=None)
        select_people(con, Stages(audience, consent_channel, Policy(), as_of), own_sends=False)
        sent = {row[0] for row in con.execute("select customer_id from selection where reason is null").fetchall()}
    assert sent == said
    assert len(said) > 3, "the sample company reaches nobody here: the test would prove nothing"
