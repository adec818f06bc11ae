"""Say what decided who is who beside the records, so that two resolutions can be told apart by their cause."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from identity.configuration import load_identity_config
from identity.published import identity_folder
from identity.state_file import code_version

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def resolution_inputs(ws: Workspace) -> dict[str, str]:
    """Return a hash each of `code` and `rules`, and the `epoch` of the build's resolution ("" when it has none)."""
    import pyarrow.parquet as pq

    file = identity_folder(ws) / "model_epoch.parquet"
    epoch = pq.read_table(file, columns=["epoch_id"]).column("epoch_id").to_pylist() if file.is_file() else [""]
    rules = load_identity_config(ws).model_dump_json()
    return {"code": code_version(), "rules": hashlib.sha256(rules.encode()).hexdigest(), "epoch": epoch[0]}
