"""How a field of the golden record is chosen where records differ: the rule of each field, and whom to trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workspace.yaml_files import load_model

if TYPE_CHECKING:
    from workspace.workspace import Workspace

Rule = Literal["most_recent", "most_frequent", "most_trusted", "most_complete", "verified"]
StatedRule = Literal["most_recent", "most_frequent", "most_trusted", "most_complete"]
"""Rules of what nothing can prove: a record says it, and that is all."""
SourceSystem = Annotated[str, Field(pattern=r"^[^\\]{1,80}$")]


class FieldRules(BaseModel):
    """The rule of each field, or of fields that only make sense together and come whole from one record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Rule = "most_trusted"
    """Full name, first name, family names."""
    document: Rule = "most_trusted"
    """Number and kind of the tax identifier."""
    birth_date: Rule = "most_trusted"
    gender: Rule = "most_trusted"
    email: Rule = "most_recent"
    phone: Rule = "most_recent"
    address: Rule = "most_complete"
    """Street, number, complement, district, city, state, postal code, country."""
    preferred_channel: StatedRule = "most_recent"
    income: StatedRule = "most_recent"
    """Income band, as registered."""


class Survivorship(BaseModel):
    """survivorship.yml: which record gives each field of the golden record; where it is silent, these defaults hold.

    Ties fall to who spoke last, then to a registration before evidence, then to the trusted sources in their order,
    the source system and the record id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    trusted_sources: tuple[SourceSystem, ...] = ()
    """Source systems, the most trusted first. Those not named come after them; registrations before evidence."""
    rules: FieldRules = FieldRules()

    @field_validator("trusted_sources")
    @classmethod
    def _named_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"source systems named twice: {', '.join(twice)}")
        return value

    def as_variable(self) -> dict[str, Any]:
        """Return the rules as the dbt variable holds them."""
        return {"trusted_sources": list(self.trusted_sources), "rules": self.rules.model_dump()}


def load_survivorship(workspace: Workspace) -> Survivorship:
    """Return the rules of the workspace's survivorship.yml, the shipped ones where it or a key is missing.

    Raises:
        ConfigErrors: every problem with file, line and what was expected.
    """
    file = workspace.root / "survivorship.yml"
    return load_model(file, Survivorship) if file.is_file() else Survivorship()
