"""Group company registrations: branches share the root of their tax number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_contracts.loader import load_contract
from identity.evidence import create_newest_rows
from identity.normalising.countries import COUNTRIES
from identity.normalising.documents import DOCUMENTS
from identity.normalising.emails import is_free_mail
from identity.normalising.stages import staged_select
from workspace.sql import quote_literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from data_contracts.loader import Contract
    from workspace.workspace import Workspace

_KEY = {"source_system": "source_system", "source_company_id": "source_company_id"}
_DOMAIN = r"regexp_replace(lower(trim({})), '^(https?://)?(www\.)?|^.*@|/.*$', '', 'g')"


def create_company_crosswalk(con: DuckDBPyConnection, ws: Workspace) -> None:
    """Create `company_crosswalk`, one row per company registration.

    A valid CNPJ puts the branches of one root (its first eight characters) together; other tax numbers stand for
    themselves. A registration without number follows the one company that its own mail domain points to; a provider's
    domain (gmail.com) points to nobody. What is left is a company of its own. `mail_domain` is the domain of its own
    that the registration states.
    """
    contract = load_contract("feeds", "crm_companies", ws)
    if any((ws.lake / contract.name).glob("batch=*/*.parquet")):
        create_newest_rows(con, ws, contract)
    else:
        con.execute(f"create or replace temp view newest_rows as {_no_rows(contract)}")
    con.execute(
        f"""
        create or replace temp table company_crosswalk as
        with numbered as ({_numbered(ws.settings.country)}),
        domains as (
            select domain, min(document_root) as document_root from numbered
            where domain is not null and document_root is not null
            group by domain having count(distinct document_root) = 1
        ),
        placed as (
            select
                n.*,
                coalesce(n.document_root, d.document_root) as root,
                case when n.document_root is not null then 'document_root'
                    when d.document_root is not null then 'email_domain' else 'source_id' end as source
            from numbered n
            left join domains d on d.domain = n.domain
        )
        select
            source_system,
            source_company_id,
            'k' || left(md5(concat_ws(chr(31), 'company',
                case when root is not null then root else source_system || chr(31) || source_company_id end)), 23)
                as company_id,
            source as company_id_source,
            document_number,
            document_root,
            declared_domain as mail_domain
        from placed
        """
    )


def _numbered(country: str) -> str:
    """Return SQL for the registrations with their valid document, its root, and a mail domain of their own."""
    home = COUNTRIES.bind("home", value="country_code", fallback=quote_literal(country))
    located = staged_select(
        "newest_rows",
        [home],
        _KEY
        | {
            "number": "document_number",
            "domain": _DOMAIN.format("coalesce(email_domain, website)"),
            "declared_domain": _DOMAIN.format("email_domain"),
            "country": home["country"],
        },
    )
    document = DOCUMENTS.bind("document", value="number", country="country")
    root = (
        f"case when {document['document_kind']} = 'cnpj' then left({document['document']}, 8) "
        f"when {document['is_company_document']} then {document['document']} end"
    )
    return staged_select(
        f"({located})",
        [document],
        _KEY
        | {
            "document_number": f"case when {document['is_company_document']} then {document['document']} end",
            "document_root": root,
            **{
                name: f"case when {name} <> '' and not {is_free_mail(name)} then {name} end"
                for name in ("domain", "declared_domain")
            },
        },
    )


def _no_rows(contract: Contract) -> str:
    fields = ", ".join(f"cast(null as {column.physical_type}) as {column.name}" for column in contract.columns)
    return f"select {fields} where false"
