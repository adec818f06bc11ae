"""How complete and how careful each system is with the people it knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How complete and how careful one system is. Shares in [0, 1]."""

    document: float
    email: float
    phone: float
    birth_date: float
    address: float
    styles: tuple[float, float, float, float, float]
    """Weights of: full name, without middle name, abbreviated, given name only, given and last name."""
    slips: float
    capitals: float
    garbage: float
    name: float = 0.98
    card: float = 0.0
    has_cashier_documents: bool = False
    has_store_email: float = 0.0


CRM = Recipe(0.78, 0.80, 0.82, 0.65, 0.72, (0.62, 0.10, 0.05, 0.01, 0.22), 0.04, 0.10, 0.006, card=0.9)
LEGACY = Recipe(0.60, 0.45, 0.85, 0.55, 0.80, (0.55, 0.10, 0.12, 0.01, 0.22), 0.06, 0.65, 0.012)
TILL = Recipe(
    0.72,
    0.18,
    0.42,
    0.08,
    0.10,
    (0.25, 0.15, 0.12, 0.16, 0.32),
    0.07,
    0.80,
    0.03,
    name=0.62,
    card=0.5,
    has_cashier_documents=True,
    has_store_email=0.03,
)
SHOP = Recipe(0.85, 0.96, 0.86, 0.30, 0.92, (0.40, 0.10, 0.02, 0.02, 0.46), 0.03, 0.05, 0.003)
MAILING = Recipe(0.0, 0.92, 0.33, 0.12, 0.15, (0.12, 0.03, 0.0, 0.45, 0.40), 0.05, 0.05, 0.01)
