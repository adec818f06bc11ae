"""Resolve the same records by our rules and by Splink alone, side by side, each in a process of its own.

Usage: python -m benchmarks.identity_splink --records FILE --truth FILE [--memory 6GB]

Both read the Parquet file of `benchmarks.identity_scale` and normalise it the same way; Splink's time is also given
without that. Splink is used as its guide has it: values that more than 50 records carry are left out, blocking on each
identifier and on names with place or date, name and identifier comparisons of its library with term frequencies,
training without labels, clusters at a probability of .95.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.identity_quality import scores
from benchmarks.identity_scale import AS_OF, clusters_of, opened, read_records, resolve_records
from identity.normalised_records import create_records
from workspace.sql import quote_literal

if TYPE_CHECKING:
    import duckdb

_PROBABILITY = 0.95
_MOST_HOLDERS = 50
_IDENTIFIERS = ("document_number", "email_key", "phone_key", "local_key")
_SPLINK_COLUMNS = (
    "name_key", "given_key", "family_key", "suffix_key", "cast(birth_date as VARCHAR) as birth_date", "postal_code",
    "street_number", "lower(strip_accents(city)) as city",
)  # fmt: skip


def main() -> None:
    """Run both sides and print their figures and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--side", choices=("rules", "splink"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        side = _rules if arguments.side == "rules" else _splink
        with tempfile.TemporaryDirectory() as folder, opened(arguments.memory, Path(folder)) as con:
            print(json.dumps(side(con, arguments.records, arguments.truth)))
        return
    found = {}
    for name in ("rules", "splink"):
        found[name] = _measured([*sys.argv[1:], "--side", name])
        print(name, "  ".join(f"{key} {value:.4g}" for key, value in found[name].items()), flush=True)
    for key in ("wall s", "CPU-s", "peak GB"):
        print(f"rules : Splink  {key} {found['rules'][key] / found['splink'][key]:.3f}")


def _measured(arguments: list[str]) -> dict[str, float]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.identity_splink", *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(arguments)} failed")
    return json.loads(printed.splitlines()[-1]) | {"peak GB": used.ru_maxrss / 1e6}


def _rules(con: duckdb.DuckDBPyConnection, records: Path, truth: Path) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    read_records(con, records)
    resolve_records(con)
    figures = {"wall s": time.perf_counter() - wall, "CPU-s": time.process_time() - cpu}
    return figures | scores(*clusters_of(con, truth))


def _splink(con: duckdb.DuckDBPyConnection, records: Path, truth: Path) -> dict[str, float]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    wall, cpu = time.perf_counter(), time.process_time()
    con.execute("use memory")
    read_records(con, records)
    create_records(con, country="BR", as_of=AS_OF)
    con.execute("drop table temp.raw_records")
    _create_participants(con)
    normalised = time.process_time() - cpu
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        blocking_rules_to_generate_predictions=[
            *(block_on(name) for name in ("document_number", "email_key", "local_key")),
            block_on("given_key", "family_key", "birth_date"),
            block_on("name_key", "city"),
            block_on("substr(document_number, 1, 7)", "given_key"),
            block_on("substr(document_number, 5, 7)", "family_key"),
            block_on("split_part(email_key, '@', 1)", "given_key"),
            block_on("given_key", "family_key", "postal_code"),
            block_on("given_key", "postal_code", "street_number"),
        ],
        comparisons=[
            cl.DamerauLevenshteinAtThresholds("document_number", 1),
            cl.EmailComparison("email_key"),
            cl.DamerauLevenshteinAtThresholds("local_key", 1),
            cl.ForenameSurnameComparison("given_key", "family_key", jaro_winkler_thresholds=[0.92, 0.85]),
            cl.ExactMatch("suffix_key"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.ExactMatch("postal_code").configure(term_frequency_adjustments=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        ],
    )
    linker = Linker(DuckDBAPI(con).register("participants"), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("document_number"), block_on("email_key", "given_key"), block_on("phone_key", "given_key")],
        recall=0.8,
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for name in ("document_number", "email_key", "local_key"):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(name), estimate_without_term_frequencies=True
        )
    pairs = linker.inference.predict(threshold_match_probability=_PROBABILITY)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=_PROBABILITY
    )
    used = time.process_time() - cpu
    figures = {"wall s": time.perf_counter() - wall, "CPU-s": used, "CPU-s without normalising": used - normalised}
    found = con.execute(
        f"select t.entity, c.cluster_id from {clusters.physical_name} c join temp.records r using (rid) "
        f"join read_parquet({quote_literal(truth)}) t on r.record_id = md5(cast(t.rid as VARCHAR))"
    ).fetchnumpy()
    return figures | scores(found["entity"], found["cluster_id"])


def _create_participants(con: duckdb.DuckDBPyConnection) -> None:
    """Create `participants` without identifier values that more than 50 records carry."""
    rare, joins = [], []
    for name in _IDENTIFIERS:
        rare.append(f"case when common_{name}.{name} is null then r.{name} end as {name}")
        joins.append(
            f"left join (select {name} from records where {name} is not null group by {name} "
            f"having count(*) > {_MOST_HOLDERS}) common_{name} on common_{name}.{name} = r.{name}"
        )
    con.execute(
        f"create table participants as select r.rid, {', '.join(_SPLINK_COLUMNS)}, {', '.join(rare)} "
        f"from records r {' '.join(joins)}"
    )


if __name__ == "__main__":
    main()
