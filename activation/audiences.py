"""Preview an audience: how many people it means, how many may be contacted, and why not the others. Counts only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from activation.loading import load_activation
from activation.permissions import Stages
from activation.published import attach_published, published
from activation.selection import select_people
from data_contracts.vocabulary import load_vocabulary
from workspace.errors import ConfigError
from workspace.sql import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace


@dataclass(frozen=True)
class AudiencePreview:
    """The size of an audience on the published view; eligible is selected and all reasons."""

    name: str
    description: str
    purpose: str
    channel: str
    run_id: str
    """Run whose published view was looked at."""
    eligible: int
    selected: int
    """People who may be contacted today on the audience's own channel."""
    reasons: dict[str, int]
    """Eligible people who may not, by the first reason."""
    reachable_by_channel: dict[str, int]
    """Eligible people who consent to and can be reached on each consent channel, before hold-out, caps and limit."""


def preview(ws: Workspace, name: str) -> AudiencePreview:
    """Return the counts of one audience; nothing is sent or remembered, and what a gate would say is not asked.

    Contacts that were sent and have not come back as a feed yet are not known here, so a frequency cap may leave out a
    few more when the audience is sent.

    Raises:
        ConfigError: there is no such audience.
        ConfigErrors: the configuration is not valid.
        GateRefused: nothing is published yet.
    """
    config = load_activation(ws)
    if name not in config.audiences:
        raise ConfigError(
            f"there is no audience {name!r}", expected=f"one of {', '.join(config.audiences) or 'none yet'}"
        )
    audience, publication, vocabulary = config.audiences[name], published(ws), load_vocabulary(ws)
    as_of = publication.as_of.replace(tzinfo=None)
    with connect(ws) as con:
        attach_published(con, publication)
        con.execute("create temp table members (customer_id varchar)")
        own = Stages(audience, vocabulary.channels[audience.channel].consent_channel, config.policy, as_of)
        reasons = _reasons(con, own)
        open_to_all = audience.model_copy(update={"holdout": None, "limit": None})
        policy = config.policy.model_copy(update={"frequency_caps": []})
        reachable = {
            channel: _reasons(con, Stages(open_to_all, channel, policy, as_of)).get("", 0)
            for channel in vocabulary.values("consent_channels")
            if channel != "all"
        }
    return AudiencePreview(
        name=name,
        description=audience.description,
        purpose=audience.purpose,
        channel=audience.channel,
        run_id=publication.run_id,
        eligible=sum(reasons.values()),
        selected=reasons.pop("", 0),
        reasons=reasons,
        reachable_by_channel=reachable,
    )


def _reasons(con: DuckDBPyConnection, stages: Stages) -> dict[str, int]:
    """Return the number of people by reason, selected ones under the empty text."""
    select_people(con, stages, own_sends=False)
    return dict(con.execute("select coalesce(reason, ''), count(*) from selection group by 1 order by 1").fetchall())
