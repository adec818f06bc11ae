"""Bring delivered bytes to UTF-8 text that any reader reads the same way, and learn their shape on the way."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.problems import FileProblem

CHUNK_BYTES = 8 * 1024 * 1024
_BAD_BYTE_BASE = 0xF700
_ERRORS = "unavista_keep_bytes"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _keep_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_BAD_BYTE_BASE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _keep_bytes)


def restore_bytes(text: str, encoding: str) -> bytes:
    """Return the bytes behind a text in which undecodable bytes stand as private-use characters.

    `encoding` is the one that the text was read with.

    Raises:
        UnicodeEncodeError: a character does not exist in `encoding`.
    """
    parts = bytearray()
    for character in text:
        code = ord(character) - _BAD_BYTE_BASE
        parts += bytes([code]) if 0 <= code <= 0xFF else character.encode(encoding)
    return bytes(parts)


@dataclass
class TextShape:
    """What one pass over a text file found out."""

    lines: int = 0
    """Lines with content, the header among them; blank lines at the end do not count."""
    has_inner_blank_lines: bool = False
    has_bad_bytes: bool = False
    has_nul: bool = False
    has_odd_blanks: bool = False
    """Tabs or no-break spaces, which cost more to trim than plain blanks."""

    @property
    def is_plain(self) -> bool:
        """Tell whether line numbers follow from record numbers, and every line is text."""
        return not (self.has_inner_blank_lines or self.has_bad_bytes or self.has_nul)


def write_normalised(chunks: Iterable[bytes], target: Path, encoding: str, *, skip_lines: int = 0) -> TextShape:
    """Write `chunks`, less their first lines, as UTF-8 with `\\n` line ends and no byte order mark, in flat memory.

    Bytes that are not text in `encoding` become private-use characters, so that the row they stand in can be
    quarantined alone and restored later.

    Raises:
        FileProblem: the file is in another encoding than the feed says.
    """
    shape = TextShape()
    newlines = 1  # line ends since the last character of content; the start of the file counts as one
    with target.open("wb") as out:
        for text in _without_first_lines(_with_line_feeds(_decoded(chunks, encoding, shape)), skip_lines):
            data = text.encode("utf-8")
            newlines = _count_lines(data, newlines, shape)
            shape.has_nul = shape.has_nul or b"\x00" in data
            shape.has_odd_blanks = shape.has_odd_blanks or b"\t" in data or b"\xc2\xa0" in data
            out.write(data)
    return shape


def _decoded(chunks: Iterable[bytes], encoding: str, shape: TextShape) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    witness = _Utf8Witness() if encoding in _SINGLE_BYTE else None
    first = True
    for data, last in _with_end(chunks):
        if first and data:
            _check_mark(data, encoding)
        if witness:
            witness.feed(data, last)
        state = decoder.getstate()
        try:
            text = decoder.decode(data, last)
        except UnicodeDecodeError:
            shape.has_bad_bytes = True
            decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
            decoder.setstate(state)
            text = decoder.decode(data, last)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        yield text
    if witness and witness.is_utf8:
        raise FileProblem(
            "wrong_encoding",
            f"the file is UTF-8, but the feed says {encoding}: accents would be garbled. Set `encoding: utf-8`",
        )


_SINGLE_BYTE = frozenset(codecs.lookup(name).name for name in ("latin-1", "cp1252", "iso8859-15", "cp850", "cp1250"))


def _with_end(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _with_line_feeds(texts: Iterable[str]) -> Iterator[str]:
    carry = ""
    for piece in texts:
        text, carry = carry + piece, ""
        if text.endswith("\r"):
            text, carry = text[:-1], "\r"
        yield text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if carry:
        yield "\n"


def _without_first_lines(texts: Iterable[str], count: int) -> Iterator[str]:
    for piece in texts:
        text = piece
        while count and text:
            _, end, text = text.partition("\n")
            count -= bool(end)
        yield text


def _check_mark(data: bytes, encoding: str) -> None:
    for mark, family in _MARKS:
        if data.startswith(mark):
            if not encoding.startswith(family):
                message = f"the file begins with the mark of {family}, but the feed says {encoding}"
                raise FileProblem("wrong_encoding", f"{message}. Set `encoding: {family}`")
            return


class _Utf8Witness:
    """Notice a file that is valid UTF-8 with accents while the feed claims a single-byte encoding."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._valid, self._accents = True, False

    def feed(self, data: bytes, last: bool) -> None:
        """Look at the next bytes of the file."""
        if self._valid:
            self._accents = self._accents or not data.isascii()
            try:
                self._decoder.decode(data, last)
            except UnicodeDecodeError:
                self._valid = False

    @property
    def is_utf8(self) -> bool:
        """Tell whether the whole file was UTF-8 beyond ASCII."""
        return self._valid and self._accents


def _count_lines(data: bytes, newlines: int, shape: TextShape) -> int:
    """Count the lines that begin in `data` and return the line ends at its end."""
    body = data.strip(b"\n")
    if not body:
        return newlines + len(data)
    newlines += len(data) - len(data.lstrip(b"\n"))
    if newlines > 1 or b"\n\n" in body:
        shape.has_inner_blank_lines = True
    shape.lines += body.count(b"\n") + (1 if newlines else 0)
    return len(data) - len(data.rstrip(b"\n"))
