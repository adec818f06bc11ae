"""Words of names that are no names: particles, suffixes, titles, company forms, placeholders."""

from __future__ import annotations

PARTICLES = (
    "da", "das", "de", "del", "der", "di", "do", "dos", "du", "e", "el", "la", "las", "los", "van", "von", "y",
)  # fmt: skip
SUFFIXES = {
    "filho": "filho", "filha": "filho", "junior": "junior", "jr": "junior", "jnr": "junior", "neto": "neto",
    "neta": "neto", "sobrinho": "sobrinho", "sobrinha": "sobrinho", "bisneto": "bisneto", "segundo": "segundo",
    "ii": "segundo", "iii": "terceiro",
}  # fmt: skip
"""Generation suffixes and what each stands for."""
TITLES = ("sr", "sra", "srta", "dr", "dra", "dom", "dona", "prof", "profa", "eng", "enga", "exmo", "exma", "don")
COMPANY_WORDS = (
    "ltda", "lda", "eireli", "mei", "epp", "sa", "slu", "sl", "sociedade", "comercio", "condominio", "associacao",
)  # fmt: skip
PLACEHOLDERS = (
    "consumidor", "consumidor final", "consumidor nao identificado", "consumidor final pt", "cliente",
    "cliente balcao", "cliente padrao", "cliente final", "cliente avulso", "cliente diversos", "cliente mostrador",
    "cliente contado", "teste", "test", "teste teste", "n a", "na", "nao informado", "nao identificado",
    "no informado", "sem nome", "sem cadastro", "sem identificacao", "sin nombre", "desconhecido", "anonimo", "x",
    "xx", "xxx", "xxxx", "abc", "asdf", "fulano", "fulano de tal", "fulano tal", "none", "null", "undefined",
    "unknown", "admin", "venda balcao", "a vista", "diversos", "varios",
)  # fmt: skip
"""What is typed where a name is asked for and nobody gave one."""
SPANISH_COUNTRIES = (
    "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GT", "HN", "MX", "NI", "PA", "PE", "PY", "SV", "UY",
    "VE",
)  # fmt: skip
"""Countries where the first of two surnames is the family's."""
