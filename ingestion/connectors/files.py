"""Find the files of a feed in the workspace or in an object store, and read them as streams."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ingestion.connectors.archives import Limits, gunzip, members, unzip
from ingestion.feeds import FileSource
from ingestion.problems import FileProblem
from workspace.errors import ConfigError
from workspace.workspace import Workspace

CHUNK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Delivery:
    """One file, or one member of a zip archive, as a feed finds it."""

    name: str
    """Path as the user knows it, `archive.zip!member.csv` for a member."""
    stamp: str
    """Changes when the stored file may have changed; spares hashing what was hashed before."""
    size: int
    open: Callable[[], BinaryIO]
    member: str | None = None
    current_stamp: Callable[[], str] | None = None

    def require_unchanged(self) -> None:
        """Refuse a file that was written to while it was read.

        Raises:
            FileProblem: its stamp is another than when it was found.
        """
        if self.current_stamp is not None and self.current_stamp() != self.stamp:
            raise FileProblem("changed_while_read", "the file changed while it was read; it is read again next time")

    def content_hash(self) -> str:
        """Return the SHA-256 of the stored bytes, and of the member's name within an archive."""
        digest = hashlib.sha256()
        for chunk in _chunks(self.open):
            digest.update(chunk)
        if self.member is not None:
            digest.update(b"\x1f" + self.member.encode())
        return digest.hexdigest()

    def read(self, limits: Limits) -> Iterator[bytes]:
        """Yield the unpacked bytes.

        Raises:
            FileProblem: the container is damaged, cut short or grows past the limits.
        """
        if self.member is not None:
            with self.open() as handle:
                yield from unzip(handle, self.member, limits)
        elif self.name.lower().endswith(".gz"):
            yield from gunzip(_chunks(self.open), limits)
        else:
            yield from _chunks(self.open)


def _chunks(opener: Callable[[], BinaryIO]) -> Iterator[bytes]:
    try:
        with opener() as handle:
            while chunk := handle.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise FileProblem("unreadable", f"the file cannot be read: {error.strerror or type(error).__name__}") from None


def find_deliveries(ws: Workspace, source: FileSource) -> tuple[list[Delivery], list[tuple[str, FileProblem]]]:
    """Return the deliveries of a file source by name, and the archives that cannot even be listed.

    Raises:
        ConfigError: a path leaves the workspace, or the object store cannot be reached.
    """
    found: dict[str, Delivery] = {}
    broken: list[tuple[str, FileProblem]] = []
    for path in source.path:
        stored = _remote(path, source.options) if "://" in path else _local(ws, path)
        for delivery in stored:
            try:
                for part in _parts(delivery):
                    found[part.name] = part
            except FileProblem as problem:
                broken.append((delivery.name, problem))
    return [found[name] for name in sorted(found)], broken


def _parts(delivery: Delivery) -> list[Delivery]:
    if not delivery.name.lower().endswith(".zip"):
        return [delivery]
    with delivery.open() as handle:
        entries = members(handle)
    return [
        Delivery(
            f"{delivery.name}!{one.filename}",
            delivery.stamp,
            one.file_size,
            delivery.open,
            one.filename,
            delivery.current_stamp,
        )
        for one in entries
    ]


def _local(ws: Workspace, path: str) -> list[Delivery]:
    ws.resolve_inside(path)
    deliveries = []
    for file in sorted(ws.root.glob(path)):
        if not file.is_file() or file.name.startswith("."):
            continue
        name = file.relative_to(ws.root).as_posix()
        ws.resolve_inside(name)
        size, stamp = file.stat().st_size, _stamp(file)
        deliveries.append(Delivery(name, stamp, size, partial(_open, file), None, partial(_stamp, file)))
    return deliveries


def _open(file: Path) -> BinaryIO:
    return file.open("rb")


def _stamp(file: Path) -> str:
    try:
        stat = file.stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"


def _remote(path: str, options: dict[str, Any]) -> list[Delivery]:
    import fsspec

    protocol = path.split("://", 1)[0]
    if protocol in ("file", "local"):
        raise ConfigError(f"path leaves the workspace: {path!r}", expected="a relative path, or an object store")
    try:
        filesystem = fsspec.filesystem(protocol, **{name: _option(value) for name, value in options.items()})
        if hasattr(filesystem, "invalidate_cache"):
            filesystem.invalidate_cache()
        entries = filesystem.glob(path, detail=True)
    except ImportError:
        raise ConfigError(
            f"no support for {protocol}:// is installed", hint="Install the extra, for example unavista[s3]"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"the object store of {path!r} cannot be read: {type(error).__name__}") from None
    deliveries = []
    for key, info in sorted(entries.items()):
        if info.get("type") != "file":
            continue
        changed = info.get("ETag") or info.get("etag") or info.get("LastModified") or info.get("created") or ""
        name = f"{protocol}://{key.removeprefix('/')}"
        deliveries.append(
            Delivery(
                # without a mark of the last change the file is hashed every time
                name,
                f"{info.get('size')}-{changed}" if changed else "",
                int(info.get("size") or 0),
                partial(filesystem.open, key, "rb"),
            )
        )
    return deliveries


def _option(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _option(inner) for name, inner in value.items()}
    if isinstance(value, str) and value.startswith("env:"):
        variable = value.removeprefix("env:")
        if variable not in os.environ:
            raise ConfigError(f"the environment variable {variable} is not set")
        return os.environ[variable]
    return value
