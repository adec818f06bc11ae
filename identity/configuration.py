"""The model of identity.yml: guards, blocklists and rules as data, on top of the defaults that ship."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from identity.rule_conditions import BLOCK_CONDITIONS
from workspace.yaml_files import load_model, read_yaml

if TYPE_CHECKING:
    from workspace.workspace import Workspace

DEFAULTS_FILE = Path(__file__).with_name("defaults.yml")
IdentifierKind = Literal[
    "document", "email", "phone", "local_number", "loyalty_card", "account", "customer_reference", "device"
]
RuleKey = Literal[
    "document", "unverified_document", "corrected_document", "email", "phone", "local_number", "loyalty_card",
    "account", "customer_reference", "device", "given_name", "family_name", "birth_date", "postal_code",
    "street_number", "full_name",
]  # fmt: skip
Condition = Literal[
    "compatible_given_name", "compatible_name", "same_given_name", "compatible_family_name", "compatible_company_name",
    "no_document_conflict", "no_birth_date_conflict", "no_generation_conflict", "no_known_generation_conflict",
    "no_middle_name_conflict", "companies_only", "people_only", "one_lacks_area_code",
    "other_area_code_or_ninth_digit", "rare_name", "rarer_name", "one_name_shortened", "keys_of_one_person",
]  # fmt: skip
IDENTIFIER_KEYS = frozenset(get_args(IdentifierKind)) | {"unverified_document", "corrected_document"}
NAME_PROOFS = frozenset({"compatible_given_name", "compatible_name", "same_given_name", "compatible_company_name"})
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,60}$")]
Limit = Annotated[int, Field(ge=1, le=1_000_000_000)]
Share = Annotated[float, Field(gt=0.5, le=1)]
Profiles = Annotated[int, Field(ge=2, le=100_000)]
Customers = Annotated[int, Field(ge=1, le=1000)]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Guard(_Section):
    """How many people may share a value before it stops being an identifier."""

    max_names: Limit
    """Distinct given names among the records that carry the value."""
    max_documents: Limit = 1_000_000_000
    """Distinct valid documents among them, which speaks where records have no name."""
    max_contacts: Limit = 1_000_000_000
    """Distinct other contacts (e-mail for a phone, phone for an e-mail) among the nameless ones."""


class Rule(_Section):
    """One reason to believe that two records are one customer: equal keys, and conditions that must hold as well."""

    name: Name
    weight: Annotated[float, Field(gt=0, le=100)]
    on: tuple[RuleKey, ...]
    when: tuple[Condition, ...] = ()
    enabled: bool = True

    @model_validator(mode="after")
    def _identifier_needs_a_name(self) -> Rule:
        if not self.on:
            raise ValueError(f"rule {self.name} compares nothing: `on` is empty")
        if sum(key in IDENTIFIER_KEYS for key in self.on) > 1:
            raise ValueError(f"rule {self.name} compares two identifiers; make it two rules")
        proven = (
            {"given_name", "full_name"} & set(self.on) or NAME_PROOFS & set(self.when) or "companies_only" in self.when
        )
        if BLOCK_CONDITIONS.keys() & set(self.when) and IDENTIFIER_KEYS & set(self.on):
            raise ValueError(f"rule {self.name} compares an identifier: how many people share it is for its guard")
        if not proven:
            raise ValueError(
                f"rule {self.name} would merge on {', '.join(self.on)} alone; "
                "add a name to `on` or a name condition to `when`"
            )
        return self


class Scoring(_Section):
    """Whether pairs that rules leave open are weighed by a model that is learnt from the records."""

    train: Literal["auto", "always", "never"] = "auto"
    """`auto` trains when the first epoch finds few profiles with an identifier that rules can trust."""
    scope: Literal["weak", "all"] = "weak"
    """Which profiles take part: those without such an identifier, or all."""


class Override(_Section):
    """A person's decision about one identifier value, which wins over the guards."""

    identifier: IdentifierKind
    value: str
    decision: Literal["block", "allow"]
    reason: str
    by: str


class IdentityConfig(_Section):
    """identity.yml: everything that decides who is who. A workspace's file replaces defaults key by key."""

    guards: dict[IdentifierKind, Guard]
    blocklist: dict[IdentifierKind, tuple[Pattern, ...]]
    """Regular expressions, matched against the whole normalised value."""
    rules: tuple[Rule, ...]
    nameless_share: Share = 0.66
    """Share of the named records of a value that one given name needs before nameless records follow it."""
    max_cluster_profiles: Profiles = 100
    """Most distinct bundles of evidence in one customer; past it only the strongest evidence joins."""
    household_max_customers: Customers = 10
    """Most customers at one address or landline that may still be one household."""
    scoring: Scoring = Scoring()
    overrides: tuple[Override, ...] = ()

    @field_validator("rules")
    @classmethod
    def _names_are_unique(cls, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.name for rule in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names used twice: {', '.join(twice)}")
        return value

    @property
    def active_rules(self) -> tuple[Rule, ...]:
        """Return the enabled rules, strongest first, ties by name."""
        return tuple(sorted((rule for rule in self.rules if rule.enabled), key=lambda rule: (-rule.weight, rule.name)))


class _WorkspaceFile(_Section):
    """What a workspace's identity.yml may hold: any key of the configuration, and changes to rules by name."""

    guards: dict[IdentifierKind, Guard] = {}
    blocklist: dict[IdentifierKind, tuple[Pattern, ...]] = {}
    rules: tuple[Rule, ...] = ()
    disable_rules: tuple[Name, ...] = ()
    nameless_share: Share | None = None
    max_cluster_profiles: Profiles | None = None
    household_max_customers: Customers | None = None
    scoring: Scoring | None = None
    overrides: tuple[Override, ...] = ()


def load_identity_config(workspace: Workspace | None = None) -> IdentityConfig:
    """Return the shipped configuration, with the workspace's identity.yml laid over it when there is one.

    Guards and single values replace the default of the same name, patterns are added, a rule replaces the one of its
    name or is new, and `disable_rules` switches rules off.

    Raises:
        ConfigErrors: every problem with file, line and key.
    """
    file = workspace.identity_file if workspace else None
    if file is None or not file.is_file():
        return _defaults()
    changes = load_model(file, _WorkspaceFile)
    base = _defaults()
    rules = {rule.name: rule for rule in base.rules} | {rule.name: rule for rule in changes.rules}
    unknown = sorted(set(changes.disable_rules) - set(rules))
    if unknown:
        from workspace.errors import ConfigError

        raise ConfigError(
            f"disable_rules names unknown rules: {', '.join(unknown)}", file=file, key="disable_rules",
            expected=f"one of {', '.join(sorted(rules))}",
        )  # fmt: skip
    blocklist = {kind: (*base.blocklist.get(kind, ()), *changes.blocklist.get(kind, ())) for kind in
                 {**base.blocklist, **changes.blocklist}}  # fmt: skip
    single = ("nameless_share", "max_cluster_profiles", "household_max_customers", "scoring")
    return IdentityConfig(
        guards={**base.guards, **changes.guards},
        blocklist=blocklist,
        rules=tuple(
            rule.model_copy(update={"enabled": False}) if rule.name in changes.disable_rules else rule
            for rule in rules.values()
        ),
        overrides=changes.overrides,
        **{name: getattr(base if getattr(changes, name) is None else changes, name) for name in single},
    )


@lru_cache(maxsize=1)
def _defaults() -> IdentityConfig:
    document, _ = read_yaml(DEFAULTS_FILE)
    return IdentityConfig.model_validate(document)
