"""The variables that the models read: where the data stands, the instant of the run, the company's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace

# The project is parsed with these instead of the run's own, so that a new run does not make dbt parse it again:
# dbt throws its parse away when any variable differs.
PARSED_AS_OF = "2000-01-01 00:00:00"
PARSED_RUN_ID = "run-20000101T000000Z"


def parse_variables(workspace: Workspace) -> dict[str, Any]:
    """Return the variables that parsing needs: only those that stand in the sources' locations."""
    return {
        "lake_root": str(workspace.lake),
        "identity_root": str(workspace.build / "identity"),
        "as_of": PARSED_AS_OF,
        "run_id": PARSED_RUN_ID,
    }


def build_variables(workspace: Workspace, run: Run) -> dict[str, Any]:
    """Return every variable of a build: those of parsing with the run's instant, the settings, the declared
    survivorship rules and segments.

    Raises:
        ConfigError, ConfigErrors: survivorship.yml or a file of segments/ is not valid.
    """
    from data_contracts.vocabulary import load_vocabulary
    from dbt_project.segments import load_segments
    from dbt_project.survivorship import load_survivorship

    settings = workspace.settings
    vocabulary = load_vocabulary(workspace)
    return {
        **parse_variables(workspace),
        "as_of": f"{run.as_of_naive:%Y-%m-%d %H:%M:%S}",
        "run_id": run.run_id,
        "timezone": settings.timezone,
        "currency_code": settings.currency,
        "country_code": settings.country,
        **settings.marts.model_dump(),
        "channels": [
            {"channel": name, **word.model_dump(exclude={"label"})} for name, word in vocabulary.channels.items()
        ],
        "consent_channels": [word for word in vocabulary.values("consent_channels") if word != "all"],
        "purposes": [word for word in vocabulary.values("purposes") if word != "all"],
        "survivorship": load_survivorship(workspace).as_variable(),
        "segments": [segment.as_variable() for segment in load_segments(workspace)],
    }
