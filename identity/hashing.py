"""Hashes: the salted ones, by which a value of a person is shown and kept without being known, and the numbers by which
millions of values are told apart."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from workspace.sql import quote_literal, shifted

if TYPE_CHECKING:
    from workspace.workspace import Workspace

SALT_VARIABLE = "UNAVISTA_HASH_SALT"


def hash_salt(workspace: Workspace) -> str:
    """Return the salt of the workspace: the environment's, or one derived from the workspace's name."""
    given = os.environ.get(SALT_VARIABLE)
    return given or hashlib.sha256(workspace.settings.name.encode()).hexdigest()


def hash_value(value: str, salt: str) -> str:
    """Return sha256(salt || ':' || value) in hexadecimal."""
    return hashlib.sha256(f"{salt}:{value}".encode()).hexdigest()


def hash_sql(expression: str, salt: str) -> str:
    """Return SQL for the same hash of the SQL expression; null stays null."""
    return f"sha256({quote_literal(salt + ':')} || {expression})"


def value_number(kind: str, value: str) -> str:
    """Return SQL for the number of an identifier's value: 64 bits, different for different values."""
    return f"hash({kind}, {value}, {shifted(value)})"
