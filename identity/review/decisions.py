"""Remember what people decided about two records: one JSON line each, appended and never changed.

Record ids come from the keys of the source, so a decision outlives runs, re-deliveries, rule changes and rebuilds. The
file is part of the workspace's configuration: editing it makes the next run a new one.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from workspace.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import polars as pl
    from duckdb import DuckDBPyConnection

    from workspace.workspace import Workspace

Answer = Literal["same", "different", "unsure"]
ANSWERS: tuple[Answer, ...] = ("same", "different", "unsure")
_RECORD_ID = r"^[0-9a-f]{32}$"
_LOCK_SECONDS = 30
RecordId = Annotated[str, Field(pattern=_RECORD_ID)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Decision(BaseModel):
    """A person's word about two records. `unsure` takes back what was said before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision_id: Annotated[str, Field(pattern=r"^d[0-9a-f]{23}$")]
    record_id_left: RecordId
    record_id_right: RecordId
    decision: Answer
    decided_by: Words
    decided_at: AwareDatetime
    reason: Annotated[str, Field(max_length=1000)] = ""

    @model_validator(mode="after")
    def _pair_is_ordered(self) -> Decision:
        if self.record_id_left >= self.record_id_right:
            raise ValueError("record_id_left must be smaller than record_id_right: a pair is written one way")
        return self

    @property
    def pair(self) -> tuple[str, str]:
        """Return both record ids, the smaller one first."""
        return self.record_id_left, self.record_id_right


def decisions_file(ws: Workspace) -> Path:
    """Return where the decisions of a workspace stand; the file may not exist."""
    return ws.root / "identity" / "decisions.jsonl"


def record_decision(
    ws: Workspace, left: str, right: str, answer: Answer, *, by: str, reason: str = "", at: datetime | None = None
) -> Decision:
    """Append a decision about two records and return it; it is on the disk when this returns.

    Args:
        ws: Workspace.
        left: A record id.
        right: Another record id, in either order.
        answer: `same`, `different`, or `unsure`, which takes an earlier answer back.
        by: Who decided.
        reason: Why, in words. Keep personal data out of it.
        at: When; now by default.

    Raises:
        ConfigError: a record id is none, the records are one, nobody is named, or the answer contradicts others.
        ConfigErrors: the file holds lines that are not valid.
    """
    decision = _made(left, right, answer, by=by.strip(), reason=reason.strip(), at=at or datetime.now(UTC))
    file = decisions_file(ws)
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file):
        chain = contradiction([*in_force(read_decisions(ws)), decision], decision)
        if chain:
            raise ConfigError(
                f"this contradicts earlier decisions: {' and '.join(one.decision_id for one in chain)}",
                file=file,
                hint="Look at them with `unavista identity decisions`, and take one back by deciding `unsure`",
            )
        _append(file, decision.model_dump_json() + "\n")
    return decision


def _made(left: str, right: str, answer: Answer, *, by: str, reason: str, at: datetime) -> Decision:
    left, right = sorted((left, right))
    text = "\x1f".join((left, right, answer, by, at.isoformat(), reason))
    try:
        return Decision(
            decision_id="d" + hashlib.sha256(text.encode()).hexdigest()[:23], record_id_left=left,
            record_id_right=right, decision=answer, decided_by=by, decided_at=at, reason=reason,
        )  # fmt: skip
    except ValidationError as error:
        raise ConfigError(_in_words(error), expected="two different record ids, an answer and who decided") from None


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(file.with_name(f".{file.name}.lock"))
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        raise ConfigError("another process keeps the decisions locked", file=file) from None
    try:
        yield
    finally:
        lock.release()


def _append(file: Path, line: str) -> None:
    """Write a line in one piece and flush it. What a crash left unfinished was never confirmed, and goes first."""
    is_new = not file.exists()
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        tail = content[content.rfind(b"\n") + 1 :]
        if tail and not _is_json(tail):
            os.ftruncate(descriptor, len(content) - len(tail))
        elif tail:
            line = "\n" + line
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read_decisions(ws: Workspace) -> list[Decision]:
    """Return every decision of the workspace in the order in which they were made.

    Raises:
        ConfigErrors: lines that are not a decision, each with file and line.
    """
    file = decisions_file(ws)
    if not file.is_file():
        return []
    text = file.read_bytes()
    found, errors = [], []
    for number, line in enumerate(text.split(b"\n"), start=1):
        unfinished = number == text.count(b"\n") + 1 and not _is_json(line)
        if not line.strip() or unfinished:
            continue
        try:
            found.append(Decision.model_validate_json(line))
        except ValidationError as error:
            errors.append(ConfigError(_in_words(error), file=file, line=number, expected="one decision as JSON"))
    if errors:
        raise ConfigErrors(errors)
    return found


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the last decision about each pair, those taken back left out, in the order of the pairs."""
    last = {one.pair: one for one in decisions}
    return [last[pair] for pair in sorted(last) if last[pair].decision != "unsure"]


def contradiction(decisions: Iterable[Decision], about: Decision) -> list[Decision]:
    """Return the decisions that `about` cannot stand beside, or nothing: a chain of `same` whose ends are `different`.

    Args:
        decisions: Decisions in the order in which they were made, `about` among them.
        about: The decision that is asked about.
    """
    from identity.review.chains import shortest_chain

    standing = in_force(decisions)
    same = {one.pair: one for one in standing if one.decision == "same"}
    for apart in (one for one in standing if one.decision == "different"):
        chain = shortest_chain(same, *apart.pair)
        involved = [same[pair] for pair in chain] + [apart]
        if chain and about in involved:
            return [one for one in involved if one != about]
    return []


def decided_pairs(ws: Workspace) -> pl.DataFrame:
    """Return the pairs that people said are same or different, the last word about each, in the order of the pairs.

    Columns are `record_id_left`, `record_id_right` and `decision`.

    Raises:
        ConfigErrors: the file holds lines that are not valid.
    """
    import polars as pl

    rows = [(*one.pair, one.decision) for one in in_force(read_decisions(ws))]
    schema = dict.fromkeys(("record_id_left", "record_id_right", "decision"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def load_decisions(con: DuckDBPyConnection, ws: Workspace) -> None:
    """Create `decided_pairs` with the rows of the function of that name.

    Raises:
        ConfigErrors: the file holds lines that are not valid.
    """
    con.register("decided_rows", decided_pairs(ws))
    con.execute("create or replace temp table decided_pairs as select * from decided_rows")
    con.unregister("decided_rows")
