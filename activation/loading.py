"""Read the configuration of activation and hold its files to each other, to the marts and to the export contracts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activation.configuration import (
    Audience,
    DestinationsFile,
    FileDestination,
    HttpDestination,
    Policy,
    Sync,
    SyncsFile,
)
from activation.export_contracts import ExportContract, load_export_contract
from activation.sources import Sources, load_sources
from activation.transforms import TRANSFORMS
from data_contracts.vocabulary import NO_CONSENT_CHANNEL, Vocabulary, load_vocabulary
from workspace.errors import ConfigError, ConfigErrors
from workspace.expressions import validate_expression
from workspace.yaml_files import load_model, position_of, read_yaml

if TYPE_CHECKING:
    from workspace.workspace import Workspace


@dataclass(frozen=True)
class SyncDefinition:
    """One sync with everything it refers to."""

    name: str
    sync: Sync
    audience: Audience
    destination: FileDestination | HttpDestination
    export: ExportContract
    consent_channel: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the exported columns in the order of the contract."""
        return tuple(name for name in self.export.contract.column_names if name in self.sync.fields)


@dataclass(frozen=True)
class ActivationConfig:
    """Everything a workspace says about sending data out."""

    audiences: dict[str, Audience]
    policy: Policy
    syncs: dict[str, SyncDefinition]
    sources: Sources


def load_activation(ws: Workspace) -> ActivationConfig:
    """Read and check audiences/*.yml, destinations.yml, syncs.yml and policy.yml; absent files are empty.

    Raises:
        ConfigErrors: every problem found, with file, line and key.
    """
    problems: list[ConfigError] = []
    vocabulary, sources = load_vocabulary(ws), load_sources(ws)
    audiences = _audiences(ws, vocabulary, sources, problems)
    policy = _read(ws.root / "policy.yml", Policy, problems)
    _check_policy(ws.root / "policy.yml", policy, vocabulary, problems)
    destinations = _read(ws.root / "destinations.yml", DestinationsFile, problems).destinations
    file = ws.root / "syncs.yml"
    definitions: dict[str, SyncDefinition] = {}
    for name, sync in _read(file, SyncsFile, problems).syncs.items():
        pointer = _Pointer(file, problems, ("syncs", name))
        definition = _define(
            ws, name, sync, pointer, audiences=audiences, destinations=destinations, vocabulary=vocabulary
        )
        if definition is not None:
            _check_sync(definition, sources, pointer)
            definitions[name] = definition
    if problems:
        raise ConfigErrors(problems)
    return ActivationConfig(audiences, policy, definitions, sources)


def _define(  # noqa: PLR0917 - one call, right above
    ws: Workspace,
    name: str,
    sync: Sync,
    pointer: _Pointer,
    audiences: dict[str, Audience],
    destinations: dict[str, FileDestination | HttpDestination],
    vocabulary: Vocabulary,
) -> SyncDefinition | None:
    """Return the sync with what it refers to, or None when a part is missing; `pointer` then has the problem."""
    named = {"audience": (sync.audience, sorted(audiences)), "destination": (sync.destination, sorted(destinations))}
    missing = [key for key, (wanted, known) in named.items() if wanted not in known]
    for key in missing:
        wanted, known = named[key]
        pointer.add(f"there is no {key} {wanted!r}", key, expected=f"one of {', '.join(known) or 'none yet'}")
    try:
        export = load_export_contract(sync.contract, ws)
    except ConfigError as error:
        pointer.add(error.message, "contract", expected=error.expected)
        return None
    audience = audiences.get(sync.audience)
    if missing or audience is None or audience.channel not in vocabulary.channels:
        return None
    consent_channel = vocabulary.channels[audience.channel].consent_channel
    return SyncDefinition(name, sync, audience, destinations[sync.destination], export, consent_channel)


class _Pointer:
    """Collect problems of one part of a file, each with the line where its key stands."""

    def __init__(self, file: Path, problems: list[ConfigError], prefix: tuple[str, ...] = ()) -> None:
        self._file, self._problems, self._prefix = file, problems, prefix

    def at(self, *keys: str) -> dict[str, Any]:
        """Return file, line and key for `keys`."""
        path = (*self._prefix, *keys)
        line, _ = position_of(path, read_yaml(self._file)[1]) or (None, None)
        return {"file": self._file, "line": line, "key": ".".join(path)}

    def add(self, message: str, *keys: str, expected: str | None = None, hint: str | None = None) -> None:
        """Record a problem at `keys`."""
        self._problems.append(ConfigError(message, **self.at(*keys), expected=expected, hint=hint))


def _read(path: Path, model: Any, problems: list[ConfigError]) -> Any:
    if not path.is_file():
        return model()
    try:
        return load_model(path, model)
    except ConfigErrors as errors:
        problems += errors.errors
    except ConfigError as error:
        problems.append(error)
    return model()


def _audiences(
    ws: Workspace, vocabulary: Vocabulary, sources: Sources, problems: list[ConfigError]
) -> dict[str, Audience]:
    found: dict[str, Audience] = {}
    for path in sorted((ws.root / "audiences").glob("*.y*ml")):
        try:
            audience = load_model(path, Audience)
            _check_audience(path, audience, vocabulary, sources, problems)
            found[audience.name] = audience
        except ConfigErrors as errors:
            problems += errors.errors
        except ConfigError as error:
            problems.append(error)
    return found


def _check_audience(
    path: Path, audience: Audience, vocabulary: Vocabulary, sources: Sources, problems: list[ConfigError]
) -> None:
    pointer = _Pointer(path, problems)
    if audience.name != path.stem:
        pointer.add(f"the audience is named {audience.name!r} but its file is {path.name}", "name", expected=path.stem)
    purposes = [word for word in vocabulary.values("purposes") if word != "all"]
    if audience.purpose not in purposes:
        pointer.add(f"purpose {audience.purpose!r} is not allowed", "purpose", expected=f"one of {', '.join(purposes)}")
    channels = [name for name, word in vocabulary.channels.items() if word.consent_channel != NO_CONSENT_CHANNEL]
    if audience.channel not in channels:
        pointer.add(
            f"channel {audience.channel!r} is not one that people consent to",
            "channel",
            expected=f"one of {', '.join(channels)}",
        )
    for item in audience.order_by:
        if item.split()[0] not in sources.summary:
            pointer.add(f"unknown column {item.split()[0]!r}", "order_by", expected="a column of customer_360")
    place = pointer.at("where")
    validate_expression(audience.where, sources.summary, file=place["file"], line=place["line"], key="where")


def _check_policy(path: Path, policy: Policy, vocabulary: Vocabulary, problems: list[ConfigError]) -> None:
    pointer = _Pointer(path, problems)
    purposes, bases = vocabulary.values("purposes"), vocabulary.values("legal_bases")
    for section, mapping in (("legal_bases", policy.legal_bases), ("exempt_suppressions", policy.exempt_suppressions)):
        for purpose in mapping:
            if purpose not in purposes or purpose == "all":
                pointer.add(f"unknown purpose {purpose!r}", section, purpose, expected=f"one of {', '.join(purposes)}")
    for purpose, accepted in policy.legal_bases.items():
        for basis in set(accepted) - set(bases):
            pointer.add(f"unknown legal basis {basis!r}", "legal_bases", purpose, expected=f"one of {', '.join(bases)}")
    for index, cap in enumerate(policy.frequency_caps):
        if cap.channel != "all" and cap.channel not in vocabulary.channels:
            pointer.add(f"unknown channel {cap.channel!r}", "frequency_caps", str(index), "channel")
        for purpose in set(cap.purposes) - set(purposes):
            pointer.add(f"unknown purpose {purpose!r}", "frequency_caps", str(index), "purposes")


def _check_sync(definition: SyncDefinition, sources: Sources, pointer: _Pointer) -> None:
    sync, export = definition.sync, definition.export
    kind = definition.destination.type
    if kind not in export.destination_kinds:
        pointer.add(f"contract {sync.contract!r} does not go to {kind} destinations", "destination")
    if definition.consent_channel not in export.consent_channels:
        pointer.add(
            f"contract {sync.contract!r} is not for the consent channel {definition.consent_channel!r}",
            "contract",
            expected=f"an audience on {', '.join(export.consent_channels)}",
        )
    for name in sync.fields:
        _check_field(definition, name, sources, pointer)
    for column in export.contract.columns:
        if (column.required or column.primary_key) and column.name not in sync.fields:
            pointer.add(f"the contract requires the column {column.name!r}", "fields")
    for name in sync.key:
        if name in export.contract.column_names and export.pii_class(name) == "pii_direct":
            pointer.add(
                f"key column {name!r} is raw personal data",
                "key",
                hint="To remove a member, what was sent is sent again, and raw personal data is not kept; "
                "use customer_id or a hash",
            )


def _check_field(definition: SyncDefinition, name: str, sources: Sources, pointer: _Pointer) -> None:
    export, mapping = definition.export, definition.sync.fields[name]
    if name not in export.contract.column_names:
        columns = ", ".join(export.contract.column_names)
        pointer.add(f"contract has no column {name!r}", "fields", name, expected=f"one of {columns}")
        return
    if mapping.column is None:
        return
    if mapping.column not in sources.all_columns:
        pointer.add(
            f"unknown column {mapping.column!r}",
            "fields",
            name,
            expected="a column of customer_360 or customer_contacts",
        )
        return
    source = sources.pii_class(mapping.column)
    if mapping.transform and TRANSFORMS[mapping.transform].is_hash and source == "pii_direct":
        source = "pii_quasi"
    ranks = {None: 0, "pii_quasi": 1, "pii_direct": 2}
    if ranks[source] > ranks[export.pii_class(name)]:
        pointer.add(
            f"column {mapping.column!r} is {source} and may not fill {name!r}",
            "fields",
            name,
            expected=f"a column of class {export.pii_class(name) or 'no personal data'}, or a hash",
        )
