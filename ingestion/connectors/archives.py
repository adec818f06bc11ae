"""Read compressed deliveries as a stream, within limits, and notice when they end too early."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ingestion.problems import FileProblem

_RATIO_APPLIES_FROM = 8 * 1024 * 1024
_CHUNK = 1024 * 1024
_UNREADABLE = (
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error, EOFError, LookupError, ValueError, OSError),
    RuntimeError,  # an encrypted member, or (NotImplementedError) an unknown method
)


class Limits:
    """How much one delivery may grow when it is unpacked."""

    def __init__(self, max_bytes: int, max_ratio: int) -> None:
        self.max_bytes, self.max_ratio = max_bytes, max_ratio

    def check(self, unpacked: int, packed: int) -> None:
        """Refuse a delivery that has grown too far.

        Raises:
            FileProblem: more bytes than allowed, or a ratio that no text reaches.
        """
        if unpacked > self.max_bytes:
            raise FileProblem(
                "too_large",
                f"the file unpacks to more than {self.max_bytes:,} bytes. Raise "
                "`ingestion.max_uncompressed_gigabytes` in workspace.yml if that is expected",
            )
        if unpacked > _RATIO_APPLIES_FROM and unpacked > self.max_ratio * max(packed, 1):
            raise FileProblem(
                "zip_bomb",
                f"the file unpacks to more than {self.max_ratio} times its size. Raise "
                "`ingestion.max_compression_ratio` in workspace.yml if that is expected",
            )


def gunzip(chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """Unpack a gzip stream of one or more members.

    Raises:
        FileProblem: the stream is cut short, damaged, or past the limits.
    """
    packed = unpacked = 0
    decoder = zlib.decompressobj(wbits=31)
    started = False
    try:
        for chunk in chunks:
            packed += len(chunk)
            data = chunk
            while data:
                if decoder.eof:
                    data = data.lstrip(b"\x00")
                    if not data:
                        break
                    decoder = zlib.decompressobj(wbits=31)
                started = True
                piece = decoder.decompress(data, _CHUNK)
                data = decoder.unconsumed_tail or decoder.unused_data
                unpacked += len(piece)
                limits.check(unpacked, packed)
                yield piece
    except zlib.error:
        raise FileProblem("damaged_file", "the gzip file is damaged; ask for a new delivery") from None
    if started and not decoder.eof:
        raise FileProblem("truncated_file", "the gzip file ends too early: the delivery is incomplete")


def members(handle: BinaryIO) -> list[zipfile.ZipInfo]:
    """Return the data files in a zip archive, by name.

    Raises:
        FileProblem: not a zip archive, or cut short.
    """
    try:
        with zipfile.ZipFile(handle) as archive:
            entries = archive.infolist()
    except _UNREADABLE:
        raise FileProblem("damaged_file", "the zip file is damaged or incomplete; ask for a new delivery") from None
    data = [one for one in entries if not one.is_dir() and not _is_clutter(one.filename)]
    return sorted(data, key=lambda one: one.filename)


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def unzip(handle: BinaryIO, member: str, limits: Limits) -> Iterator[bytes]:
    """Unpack one member of a zip archive as a stream.

    Raises:
        FileProblem: damaged, encrypted, cut short, or past the limits.
    """
    unpacked = 0
    try:
        with zipfile.ZipFile(handle) as archive, archive.open(member) as stream:
            packed = archive.getinfo(member).compress_size
            while piece := stream.read(_CHUNK):
                unpacked += len(piece)
                limits.check(unpacked, packed)
                yield piece
    except _UNREADABLE:
        raise FileProblem("damaged_file", "the zip file is damaged, encrypted or incomplete") from None
