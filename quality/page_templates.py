"""The templates of the pages that this project writes: everything stands in the page, nothing is loaded."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(name: str) -> Template:
    """Return a template of `quality/templates`; values are escaped, and a missing one is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("quality", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["n"] = lambda number: f"{number:,}" if number is not None else "–"
    environment.filters["svg"] = Markup
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    return environment.get_template(name)
