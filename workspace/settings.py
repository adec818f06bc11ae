"""The model of workspace.yml."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

Country = Literal["BR", "PT", "ES", "ZZ"]
Engine = Literal["duckdb", "spark"]
Days = Annotated[int, Field(ge=0, le=3650)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MartSettings(_Section):
    """Business constants of the marts; periods are whole days."""

    no_response_days: Days = 7
    attribution_lookback_days: Days = 30
    journey_inactivity_days: Days = 30
    lapsed_after_days: Days = 365
    service_answer_days: Days = 7
    reopen_days: Days = 30
    company_from_email_domain: bool = False
    """Whether an address at the mail domain that one company states makes its holder a contact of that company."""


class GateSettings(_Section):
    """Budgets of the audit: past them a run is held until a person signs for it."""

    max_volume_drop_percent: Percent = Decimal(30)
    max_volume_growth_percent: Percent = Decimal(500)
    max_id_churn_percent: Percent = Decimal(2)
    max_revenue_churn_percent: Percent = Decimal(2)
    min_precision: Share | None = None
    """Least share of right pairs among the pairs of identity/labels.csv that identity joins."""
    min_recall: Share | None = None
    """Least share of the pairs of identity/labels.csv that are the same person and that identity joins."""
    keep_publications: Annotated[int, Field(ge=2, le=50)] = 2


class IngestionSettings(_Section):
    """Limits that keep one bad file from taking the machine down."""

    max_uncompressed_gigabytes: Annotated[float, Field(gt=0, le=10_000)] = 64
    max_compression_ratio: Annotated[int, Field(gt=1, le=100_000)] = 200
    max_line_bytes: Annotated[int, Field(ge=1024)] = 2_000_000
    future_tolerance_days: Days = 366


class WorkspaceSettings(_Section):
    """workspace.yml: what the company is and how the run may use the machine."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w .\-]+$")]
    country: Country = "BR"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "BRL"
    timezone: str = "America/Sao_Paulo"
    engine: Engine = "duckdb"
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)?(MB|GB)$")] = "4GB"
    as_of: datetime | None = None
    """Fixed instant of every run, for data sets that ended in the past; the current minute when absent."""
    schedule: str = "0 5 * * *"
    marts: MartSettings = MartSettings()
    gates: GateSettings = GateSettings()
    ingestion: IngestionSettings = IngestionSettings()

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as America/Sao_Paulo")
        return value

    @field_validator("as_of")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("as_of needs an offset, for example 2018-01-02T00:00:00Z")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """Return the workspace's time zone."""
        return ZoneInfo(self.timezone)
