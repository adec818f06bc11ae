"""Renew the model epoch on request: a candidate is made, compared in shadow, and adopted."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from identity.configuration import load_identity_config
from identity.epochs import (
    ModelEpoch,
    adopted_folder,
    candidate_folder,
    freeze_epoch,
    load_epoch,
    store_epoch,
    write_epoch,
)
from identity.published import create_published
from identity.resolving import link_records
from identity.scoring.recalibration import recalibrate
from workspace.atomic import replace_dir
from workspace.errors import ConfigError
from workspace.sql import connect

if TYPE_CHECKING:
    from workspace.runs import Run
    from workspace.workspace import Workspace


def make_candidate(ws: Workspace, run: Run, *, train: bool = False) -> ModelEpoch:
    """Freeze a new epoch from the lake as it is, write it as the candidate, and return it.

    A model is trained as the configuration says; `train` trains one whatever share of the records has identifiers.
    Decisions of people recalibrate it. Nothing changes before `adopt_candidate`.

    Raises:
        ConfigError: scoring is asked for, and Splink is not installed or there are too few profiles to learn from.
    """
    config = load_identity_config(ws)
    if train:
        config = config.model_copy(update={"scoring": config.scoring.model_copy(update={"train": "always"})})
    with connect(ws) as con:
        con.execute("set preserve_insertion_order = false")
        create_published(con, ws)
        link_records(con, ws, run, config)
        epoch = freeze_epoch(con, ws, config, as_of=run.as_of_naive)
        if train and epoch.splink_model is None:
            raise ConfigError(
                "too few profiles to learn from", file=ws.root / "identity.yml", key="scoring.scope",
                hint="scope: all lets profiles with identifiers take part as well",
            )  # fmt: skip
        if epoch.splink_model is not None:
            epoch = store_epoch(
                con, config, splink_model=epoch.splink_model, as_of=run.as_of_naive,
                recalibration=recalibrate(con, json.loads(epoch.splink_model)),
            )  # fmt: skip
        write_epoch(con, candidate_folder(ws))
    return epoch


def adopt_candidate(ws: Workspace) -> ModelEpoch:
    """Put the candidate in force for the next run, and return it.

    Raises:
        ConfigError: there is no candidate.
    """
    folder = candidate_folder(ws)
    with connect(ws) as con:
        epoch = load_epoch(con, ws, load_identity_config(ws), folder=folder)
    if epoch is None:
        raise ConfigError("there is no candidate epoch", file=folder, hint="Make one: unavista identity train")
    partial = adopted_folder(ws).with_name(".adopted.part")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial)
    replace_dir(partial, adopted_folder(ws))
    shutil.rmtree(folder)
    return epoch
