"""What the retailer sells and where: products, stores, and the areas its customers live in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.random_streams import Streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.locales import Locale

DEPARTMENTS = {
    "Moda": ("Camisetas", "Vestidos", "Calçados", "Jeans"),
    "Casa": ("Cama e banho", "Cozinha", "Decoração", "Jardim"),
    "Eletrônicos": ("Celulares", "Áudio", "Informática", "Televisores"),
    "Beleza": ("Perfumaria", "Maquiagem", "Cuidados"),
    "Esporte": ("Corrida", "Futebol", "Ciclismo"),
    "Infantil": ("Brinquedos", "Bebês", "Escolar"),
    "Pet": ("Cães", "Gatos"),
}
_DEPARTMENT_PRICES = (4.4, 4.5, 6.3, 4.2, 4.7, 4.0, 4.1)
_SERVICES = (
    "Instalação",
    "Montagem",
    "Garantia estendida",
    "Embrulho para presente",
    "Ajuste de roupa",
    "Entrega agendada",
)
_BRANDS = ("Aurora", "Boreal", "Cruzeiro", "Delta", "Estrela", "Fauna", "Girassol", "Horizonte")
PRODUCT_COUNT = 480


@dataclass(frozen=True)
class Catalogue:
    """Products and stores; arrays are aligned with the frames."""

    products: pl.DataFrame
    price_cents: NDArray[np.int64]
    is_premium: NDArray[np.bool_]
    stores: pl.DataFrame
    stores_of_city: list[NDArray[np.int64]]
    """Row numbers of the physical stores that serve each city of the locale."""


def make_catalogue(locale: Locale, streams: Streams) -> Catalogue:
    """Return the same catalogue for the same seed, however many people there are."""
    rng = streams.of("catalogue")
    products = _products(rng)
    stores, of_city = _stores(locale)
    return Catalogue(
        products.drop("price_cents"),
        products["price_cents"].to_numpy(),
        products["is_premium"].to_numpy(),
        stores,
        of_city,
    )


def _products(rng: np.random.Generator) -> pl.DataFrame:
    names = list(DEPARTMENTS)
    department = rng.integers(0, len(names), PRODUCT_COUNT)
    category = rng.integers(0, 12, PRODUCT_COUNT)
    categories = [
        DEPARTMENTS[names[d]][c % len(DEPARTMENTS[names[d]])] for d, c in zip(department, category, strict=True)
    ]
    brand = rng.integers(0, len(_BRANDS), PRODUCT_COUNT)
    premium = rng.random(PRODUCT_COUNT) < 0.18
    price = np.exp(np.array(_DEPARTMENT_PRICES)[department] + rng.normal(0, 0.55, PRODUCT_COUNT) + premium * 0.7)
    cents = np.maximum((price * 10).astype(np.int64) * 10 - 10, 490)
    goods = pl.DataFrame(
        {
            "product_id": [f"P{number:04d}" for number in range(PRODUCT_COUNT)],
            "product_name": [
                f"{c} {_BRANDS[b]} {n:03d}" for c, b, n in zip(categories, brand, range(PRODUCT_COUNT), strict=True)
            ],
            "product_kind": "product",
            "department_name": np.array(names)[department],
            "category_name": categories,
            "brand_name": np.array(_BRANDS)[brand],
            "is_premium": premium,
            "price_cents": cents,
        }
    )
    services = pl.DataFrame(
        {
            "product_id": [f"S{number:02d}" for number in range(len(_SERVICES))],
            "product_name": list(_SERVICES),
            "product_kind": "service",
            "department_name": "Serviços",
            "category_name": "Serviços",
            "brand_name": pl.Series([None] * len(_SERVICES), dtype=pl.String),
            "is_premium": False,
            "price_cents": np.array([9900, 7900, 12900, 990, 2900, 1990]),
        }
    )
    return pl.concat([goods, services])


def _stores(locale: Locale) -> tuple[pl.DataFrame, list[NDArray[Any]]]:
    """Return one own store per city, two more in the largest, a partner in every third, and the online shop."""
    rows: list[dict[str, str | None]] = []
    of_city: list[NDArray[Any]] = []
    for number, city in enumerate(locale.cities):
        wanted = [("own", f"Loja {city.name}")]
        wanted += [("own", f"Loja {city.name} {part}") for part in ("Norte", "Sul")] if number < 2 else []
        wanted += [("partner", f"Parceiro {city.name}")] if number % 3 == 0 else []
        of_city.append(np.arange(len(rows), len(rows) + len(wanted)))
        for kind, name in wanted:
            rows.append(
                {
                    "store_id": f"{'L' if kind == 'own' else 'P'}{len(rows) + 1:03d}",
                    "store_name": name,
                    "store_kind": kind,
                    "city": city.name,
                    "state_code": city.state_code,
                    "opened_on": f"{2004 + len(rows) % 18}-0{1 + len(rows) % 9}-15",
                }
            )
    online = {
        "store_id": "WEB",
        "store_name": "Loja virtual",
        "store_kind": "online",
        "city": None,
        "state_code": None,
        "opened_on": "2012-05-01",
    }
    return pl.DataFrame([*rows, online]), of_city
