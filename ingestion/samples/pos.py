"""The tills: receipts, their lines, and returns, in semicolon files with decimal commas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ingestion.samples.deliveries import deliver
from ingestion.samples.landing_files import FeedFiles, Form
from ingestion.samples.lookups import taken_rows
from ingestion.samples.purchases import Baskets, Purchases, fill_baskets
from ingestion.samples.seasons import AS_OF_SECONDS, day_of, local_text, utc_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingestion.samples.block import Block

_FORM = Form("csv", ";", "iso8859-1", ",")
SALES = FeedFiles(
    "pos_sales",
    "pos_sales",
    "pos/vendas",
    _FORM,
    "NUM_CUPOM",
    (
        ("VLR_TOTAL", "12,3O", "type_mismatch"),
        ("DATA_HORA", "31/02/2026 10:00", "type_mismatch"),
        ("COD_LOJA", "", "required_missing"),
        ("DATA_HORA", "01/01/2099 10:00", "absurd_date"),
        ("SITUACAO", "TALVEZ", "not_in_vocabulary"),
    ),
    is_torn=True,
)
LINES = FeedFiles(
    "pos_sale_lines",
    "pos_sale_lines",
    "pos/itens",
    _FORM,
    "NUM_CUPOM",
    (("QTDE", "um", "type_mismatch"), ("COD_PRODUTO", "", "required_missing"), ("VLR_ITEM", "5.00", "type_mismatch")),
)
_PAYMENTS = ("CARTÃO DE CRÉDITO", "CARTÃO DE DÉBITO", "PIX", "DINHEIRO")
_RETURN_SHARE = 0.035
IDS_PER_PERSON = 100


def write_sales(block: Block, purchases: Purchases) -> pl.DataFrame:
    """Write receipts and lines of store purchases; return source_order_id, buyer, at, store of every sale."""
    rng = block.streams.of("pos")
    baskets = fill_baskets(purchases, block.traits, block.catalogue, rng)
    numbers = block.first_number(IDS_PER_PERSON) + np.arange(len(purchases))
    at = purchases.at // 60 * 60
    named = np.where(
        rng.random(len(purchases)) < block.traits.identifies[purchases.buyer],
        block.registers.till.some_profile(purchases.buyer, rng),
        -1,
    )
    header = _header(block, rng, store=purchases.store, at=at, numbers=numbers, named=named)
    coupon = pl.Series(purchases.campaign)
    cancelled = rng.random(len(purchases)) < 0.006
    sales = header.with_columns(
        TIPO=pl.lit("V"),
        CUPOM_ORIGEM=pl.lit(None, dtype=pl.String),
        VLR_BRUTO=pl.Series(baskets.gross_total),
        VLR_DESCONTO=pl.Series(baskets.discount_total),
        VLR_TOTAL=pl.Series(baskets.net_total),
        CUPOM_PROMO=pl.when(coupon >= 0).then(pl.lit("CAMP") + coupon.cast(pl.String)),
        SITUACAO=pl.Series(np.where(cancelled, "CANCELADA", "CONCLUIDA")),
    )
    lines = _lines(numbers[baskets.purchase], at[baskets.purchase], baskets, np.arange(len(baskets.purchase)))
    returns, return_lines, returned = _returns(
        block, purchases, baskets, numbers=numbers, at=at, named=named, may=~cancelled, rng=rng
    )
    sales, lines = pl.concat([sales, returns]), pl.concat([lines, return_lines])
    days = day_of(np.concatenate([at, returned["at"]]), block.offset)
    buyer = np.concatenate([purchases.buyer, purchases.buyer[returned["sale"]]])
    _write(block, sales, lines, days, buyer)
    return pl.DataFrame(
        {
            "source_order_id": pl.Series(numbers).cast(pl.String),
            "buyer": purchases.buyer,
            "at": at,
            "net": baskets.net_total,
            "contact": purchases.contact,
        }
    )


def _header(
    block: Block,
    rng: np.random.Generator,
    *,
    store: NDArray[Any],
    at: NDArray[Any],
    numbers: NDArray[Any],
    named: NDArray[Any],
) -> pl.DataFrame:
    count = len(numbers)
    stores = block.catalogue.stores["store_id"]
    person = taken_rows(block.registers.till.profiles, named).select(
        NOME_CLIENTE="person_name",
        CPF_NOTA="document_number",
        EMAIL="email",
        TELEFONE="phone",
        CARTAO_FIDELIDADE="loyalty_card_id",
    )
    unnamed = pl.Series(named < 0)
    final = unnamed & pl.Series(rng.random(count) < 0.4)
    placeholder = block.people.locale.placeholder_names[0]
    return pl.DataFrame({"NUM_CUPOM": numbers, "COD_LOJA": stores.gather(store), "at": utc_times(at)}).with_columns(
        *person.with_columns(pl.when(final).then(pl.lit(placeholder)).otherwise("NOME_CLIENTE").alias("NOME_CLIENTE")),
        PAGAMENTO=pl.Series(np.array(_PAYMENTS)[rng.integers(0, len(_PAYMENTS), count)]),
        VENDEDOR=stores.gather(store) + "-" + pl.Series(rng.integers(1, 9, count)).cast(pl.String),
    )


def _lines(numbers: NDArray[Any], at: NDArray[Any], baskets: Baskets, rows: NDArray[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "NUM_CUPOM": numbers,
            "SEQ": baskets.line_number[rows],
            "product": baskets.product[rows],
            "at": utc_times(at),
            "QTDE": baskets.quantity[rows],
            "VLR_UNITARIO": baskets.unit_price[rows],
            "VLR_DESCONTO": baskets.discount[rows],
            "VLR_ITEM": baskets.net[rows],
        }
    )


def _returns(
    block: Block,
    purchases: Purchases,
    baskets: Baskets,
    *,
    numbers: NDArray[Any],
    at: NDArray[Any],
    named: NDArray[Any],
    may: NDArray[Any],
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, NDArray[Any]]]:
    """Return receipts that give back one line each: most name their sale, one in five does not."""
    later = at[baskets.purchase] + rng.integers(1 * 86400, 26 * 86400, len(baskets.purchase))
    later = later // 60 * 60
    chosen = (
        (rng.random(len(baskets.purchase)) < _RETURN_SHARE / 2.2)
        & may[baskets.purchase]
        & (later < AS_OF_SECONDS - 600)
    )
    rows = np.flatnonzero(chosen)
    sale = baskets.purchase[rows]
    own = int(numbers[-1]) + 1 + np.arange(len(rows)) if len(numbers) else np.arange(0)
    known = np.where(rng.random(len(rows)) < 0.75, named[sale], -1)
    header = _header(block, rng, store=purchases.store[sale], at=later[rows], numbers=own, named=known)
    referenced = pl.Series(rng.random(len(rows)) < 0.8)
    receipts = header.with_columns(
        TIPO=pl.lit("D"),
        CUPOM_ORIGEM=pl.when(referenced).then(pl.Series(numbers[sale]).cast(pl.String)),
        VLR_BRUTO=pl.Series(baskets.net[rows] + baskets.discount[rows]),
        VLR_DESCONTO=pl.Series(baskets.discount[rows]),
        VLR_TOTAL=pl.Series(baskets.net[rows]),
        CUPOM_PROMO=pl.lit(None, dtype=pl.String),
        SITUACAO=pl.lit("CONCLUIDA"),
    )
    lines = _lines(own, later[rows], baskets, rows).with_columns(SEQ=pl.lit(1, dtype=pl.Int64))
    return receipts, lines, {"sale": sale, "at": later[rows]}


def _write(block: Block, sales: pl.DataFrame, lines: pl.DataFrame, days: NDArray[Any], buyer: NDArray[Any]) -> None:
    clock = local_text("at", block.zone, "%d/%m/%Y %H:%M").alias("DATA_HORA")
    money = ["VLR_BRUTO", "VLR_DESCONTO", "VLR_TOTAL"]
    written = sales.select(
        "NUM_CUPOM",
        "COD_LOJA",
        clock,
        "TIPO",
        "CUPOM_ORIGEM",
        "NOME_CLIENTE",
        "CPF_NOTA",
        "EMAIL",
        "TELEFONE",
        "CARTAO_FIDELIDADE",
        *[_FORM.amount(pl.col(name)).alias(name) for name in money],
        "PAGAMENTO",
        "CUPOM_PROMO",
        "VENDEDOR",
        "SITUACAO",
    )
    deliver(block.landing, SALES, written, days, block.streams)
    product = block.catalogue.products["product_id"].gather(lines["product"])
    money = ["VLR_UNITARIO", "VLR_DESCONTO", "VLR_ITEM"]
    line_days = day_of(lines["at"].cast(pl.Int64).to_numpy() // 1_000_000, block.offset)
    deliver(
        block.landing,
        LINES,
        lines.select(
            "NUM_CUPOM",
            "SEQ",
            product.alias("COD_PRODUTO"),
            clock,
            "QTDE",
            *[_FORM.amount(pl.col(name)).alias(name) for name in money],
        ),
        line_days,
        block.streams,
    )
    evidence = ["NOME_CLIENTE", "CPF_NOTA", "EMAIL", "TELEFONE", "CARTAO_FIDELIDADE"]
    empty = sales.select(pl.all_horizontal(pl.col(evidence).is_null())).to_series()
    block.truth.records("pos_sales", "pos", sales["NUM_CUPOM"], block.people.ids(buyer), is_anonymous=empty)
