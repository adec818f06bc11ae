"""Replace files and folders so that a reader, or a crash, never meets half of one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_text_atomic(path: Path, text: str) -> None:
    """Write text beside `path`, flush it to disk and rename it into place."""
    write_bytes_atomic(path, text.encode("utf-8"))


def write_bytes_atomic(path: Path, content: bytes) -> None:
    """Write bytes beside `path`, flush them to disk and rename them into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    replace_file(temporary, path)


def replace_file(source: Path, target: Path) -> None:
    """Rename `source` over `target` and flush the folder entry; both must be on one file system."""
    source.replace(target)
    _sync_folder(target.parent)


def replace_dir(source: Path, target: Path) -> None:
    """Move the folder `source` to `target`, removing an older folder of that name first."""
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    _sync_folder(target.parent)


def replace_symlink(link: Path, target: Path) -> None:
    """Point `link` at `target` (stored relative to the link) in one atomic step."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    replace_file(temporary, link)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
