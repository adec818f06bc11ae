"""Identity on Spark gives the tables that DuckDB gives, on records that collide in every way."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from datetime import datetime

import duckdb
import pytest
from test_identity_adversarial import NAMES, cnpj_of, cpf_of
from test_identity_incremental import AS_OF, Universe, load
from test_identity_incremental import CONFIG as COLLIDING

from identity.clustering import connected_components
from identity.configuration import Override, Scoring
from identity.epochs import freeze_epoch, read_epoch, store_epoch, write_epoch
from identity.evidence import BLOCK_COLUMNS
from identity.linking import cluster_records, link_records
from identity.normalised_records import create_records
from identity.profiles import EVIDENCE, IS_BARE
from identity.scoring.blocking import create_term_frequencies
from identity.scoring.comparisons import COMPARISONS, settings
from identity.scoring.participants import create_scorable
from identity.scoring.predicting import create_scored_edges
from workspace.errors import UnavistaError
from workspace.settings import WorkspaceSettings
from workspace.workspace import Workspace

CONFIG = COLLIDING.model_copy(
    update={
        "overrides": (
            Override(identifier="email", value="familiaprado@gmail.com", decision="allow", reason="twins", by="test"),
            Override(identifier="phone", value="+5511900000000", decision="block", reason="nobody's", by="test"),
        )
    }
)
COMPARED = {
    "records": "*",
    "profiles": "*",
    "record_profiles": "rid, profile, device_key",
    "holdings": "kind, value, profile, record_count, is_placeholder",
    "guards": "kind, value, record_count, distinct_name_count, limit_count, decision, reason",
    "shared_values": "kind, profile_count",
    "comparable": "*",
    "corrections": "*",
    "edges": "left_profile, right_profile, rule",
    "ambiguous_values": "kind, value, record_count, name_count",
    "scored_edges": "*",
    "profile_evidence": "*",
    "base_clusters": "*",
    "component_cuts": "*",
    "device_followers": "profile, lead, base_cluster, value",
    "profile_clusters": "*",
    "cluster_facts": "*",
    "clustered": "*",
}
"""Every table of a linking, and its columns but for the numbers of blocks and of evidence."""


@pytest.fixture
def tables(spark, tmp_path):
    from identity.spark.tables import SparkTables

    return SparkTables(spark, str(tmp_path / "scratch"))


TEXTS = [None, "", "ana", "Ana Lima", "ana  lima", "joão", "ß", "+5511981234567", "0", "null", "a", "lima ana"]
EXPRESSIONS = [
    "a || ' ' || b",
    "length(a)",
    "a[1]",
    "a[1:3]",
    "left(a, 2) || right(a, 2)",
    "split_part(a, ' ', 1)",
    "contains(a, ' ' || b || ' ')",
    "len(list_intersect(string_split(a, ' '), string_split(b, ' ')))",
    "jaro_winkler_similarity(a, b)",
    "regexp_full_match(a, '(0+)|(null)|(.*ÃO)|(\\+55[0-9]+)', 'i')",
    "nullif(trim(regexp_replace(lower(strip_accents(a)), '[^a-z0-9]+', ' ', 'g')), '')",
    "least(a, b)",
    "greatest(a, b)",
    "a is not distinct from b",
    "a = b or a is null",
    "coalesce(a in (select a from pairs where length(b) = 3), false)",
    "case a when 'ana' then 0 when 'a' then 1 end",
    "cast(n as VARCHAR) || '!'",
    "0.66 * n >= m",
    "log2(greatest(n, 1)) + 4",
    "round(-log2(cast(n + 1 as DOUBLE) / (m + 1)), 6)",
    "year(day) * 10000 + month(day) * 100 + day(day)",
    "strftime(day, '%Y-%m')",
    "cast(cast(cast('0x' || left(hex, 16) as UBIGINT) as HUGEINT) - 9223372036854775808 as BIGINT)",
]


@pytest.mark.spark
def test_every_expression_means_the_same_on_both_engines(tables):
    con = duckdb.connect()
    con.execute(
        "create table pairs as select row_number() over () as id, l.t as a, r.t as b, "
        "cast(hash(l.t) % 50 as BIGINT) as n, cast(hash(r.t) % 50 as BIGINT) as m, "
        "date '1950-01-31' + cast(hash(l.t, r.t) % 20000 as INTEGER) as day, md5(concat(l.t, '|', r.t)) as hex "
        "from (select unnest($texts) as t) l, (select unnest($texts) as t) r",
        {"texts": TEXTS},
    )
    tables.put("pairs", tables.spark.createDataFrame(con.sql("from pairs").to_arrow_table()))
    columns = ", ".join(f"{one} as e{place}" for place, one in enumerate(EXPRESSIONS))
    query = f"select id, {columns} from pairs"
    expected = sorted(con.execute(query).fetchall())
    found = sorted(tables.execute(query).fetchall())
    for place, one in enumerate(EXPRESSIONS, 1):
        assert [row[place] for row in found] == [row[place] for row in expected], one


@pytest.mark.spark
def test_grouped_expressions_mean_the_same_on_both_engines(tables):
    con = duckdb.connect()
    con.execute(
        "create table votes as select * from (values ('x', 'ana', 3, 7), ('x', 'bia', 3, 5), ('x', null, 9, 1), "
        "('y', 'rui', 1, 2), ('y', null, 1, 1)) v (block, name, votes, lead)"
    )
    tables.put("votes", tables.spark.createDataFrame(con.sql("from votes").to_arrow_table()))
    query = """
        select block, arg_max(lead, (votes, -lead)), any_value(name), count(distinct name) filter (where votes > 1),
            cast(sum(votes) as BIGINT), (block, max(lead)) in (select (block, lead) from votes where name is null)
        from votes group by block having count(*) between 2 and 3
        """
    assert sorted(tables.execute(query).fetchall()) == sorted(con.execute(query).fetchall())


@pytest.mark.spark
def test_a_hash_tells_which_column_is_empty(tables):
    tables.execute(
        "create or replace temp table t as "
        "select * from (values ('a', null), (null, 'a'), ('a', ''), ('', 'a'), (null, null), ('', '')) v (x, y)"
    )
    hashes = tables.execute("select hash(x, y), hash('second', x, y) from t").fetchall()
    assert len({one for row in hashes for one in row}) == 12
    again = tables.execute("select count(*) from t l join t r on hash(l.x, l.y) = hash(r.x, r.y)").fetchall()
    assert again == [(6,)]


@pytest.mark.spark
def test_a_table_takes_rows_updates_and_replacement(tables):
    tables.execute("create or replace temp table t (id BIGINT, kind VARCHAR, rule UTINYINT, block UBIGINT)")
    tables.executemany("insert into t values (?, ?, ?, ?)", [[1, "x", 7, 5]])
    tables.execute("insert into t select id + 1, kind, 254, hash('a') from t")
    tables.execute("update t set kind = 'y' where rule > 200 and (id, kind) in (select (max(id), 'x') from t)")
    assert sorted(tables.execute("select id, kind, rule from t").fetchall()) == [(1, "x", 7), (2, "y", 254)]
    tables.execute("insert into t select * from t where false")
    tables.execute("create or replace temp table t as select id from t where kind = 'y'")
    assert tables.execute("select * from t").fetchall() == [(2,)]
    tables.execute("drop table if exists temp.t")
    assert not tables.spark.catalog.tableExists("t")


@pytest.mark.spark
def test_stars_are_the_components(tables):
    from identity.spark.components import create_stars

    draw = random.Random(5)
    pairs = [(a, a + 1) for a in range(17)] + [(50, b) for b in range(51, 90)]
    pairs += [tuple(draw.sample(range(100, 400), 2)) for _ in range(170)]
    draw.shuffle(pairs)
    tables.execute("create or replace temp table edges (left_profile BIGINT, right_profile BIGINT)")
    tables.executemany("insert into edges values (?, ?)", pairs)
    tables.execute(
        "create or replace temp table scored_edges as select * from (values (17, 50, 1.5), (89, 120, -2.0)) "
        "v (left_profile, right_profile, match_weight)"
    )
    create_stars(tables)
    expected = connected_components(400, *map(list, zip(*pairs, (17, 50), strict=True)))
    stars = sorted(tables.execute("select child, parent from stars").fetchall())
    assert stars == [(node, int(lead)) for node, lead in enumerate(expected) if node != lead]


def special(number: int) -> Universe:
    """Return the cases that break naive matching: twins, a store's e-mail, documents in conflict, companies, chains."""
    universe = Universe(random.Random(number), number)

    def add(**row):
        key = universe.add()
        universe.rows[key] = dict.fromkeys(BLOCK_COLUMNS) | row | {"is_deleted": False}
        return key

    home = {"birth_date": datetime(1990, 5, 17).date(), "postal_code": "01310-100", "street_number": "10"}
    for name in ("Carla Souza Prado", "Marcos Souza Prado", "Ana Clara Prado", "Ana Beatriz Prado"):
        add(person_name=name, email="familia.prado@gmail.com", phone="1132654321", **home)
    for place, name in enumerate(NAMES):
        add(person_name=name, email="vendas@loja.com.br", phone="(11) 3003-4000", document_number=cpf_of(7000 + place))
    add(email="vendas@loja.com.br")
    add(person_name="Olga Brandt", email="olga@bol.com.br", device_id="tablet-1")
    add(device_id="tablet-1")
    for place in range(3):
        add(person_name="Saulo Franco Meira", account_id="conta-1", postal_code=f"0131{place}-100")
        add(person_name="Zilda Moura Reis", document_number="52998224700", postal_code=f"0231{place}-100")
    # the same values in other columns are other evidence
    for place in range(6):
        add(
            person_name="Nair Falcao Dorta", **{("email", "email_secondary")[place % 2]: f"nair{place // 2}@bol.com.br"}
        )
    # more profiles of one value than are paired with each other
    for place in range(75):
        add(person_name="Maria Paz Solano", email="paz@bol.com.br", postal_code=f"03{place:03d}-100")
    for document in (cpf_of(8001), cpf_of(8002)):
        add(person_name="Rita Neves Aguiar", email="rita@bol.com.br", document_number=document)
    add(email="rita@bol.com.br")
    for branch, name in ((1, "Padaria Sol Nascente"), (1, "Padaria do Sol"), (2, "Sol Nascente Padaria Ltda")):
        add(person_name=name, document_number=cnpj_of(4321, branch), phone=f"113265432{branch}")
    chain = [
        add(person_name="Joana Prates Leal", email=f"j{n}@ig.com.br", email_secondary=f"j{n + 1}@ig.com.br")
        for n in range(14)
    ]
    universe.decisions[tuple(sorted(chain[2:4]))] = "different"
    universe.decisions[tuple(sorted((chain[0], chain[-1])))] = "same"
    return universe


def made_up_model(profile_count: int) -> str:
    """Return a model in which a level weighs less the weaker it is."""
    model = settings(COMPARISONS)
    for comparison in model["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for place, level in enumerate(levels):
            level["m_probability"] = 0.5 ** (place + 1)
            level["u_probability"] = math.exp(place - len(levels)) * 0.3
    return json.dumps(
        {
            "probability_two_random_records_match": 0.003,
            "profile_count": profile_count,
            "comparisons": model["comparisons"],
        }
    )


def linked_by_duckdb(universes: list[Universe], folder) -> duckdb.DuckDBPyConnection:
    """Return the tables of a linking with a scoring model, and write its epoch into a folder."""
    con = duckdb.connect(config={"threads": 2})
    load(con, universes)
    # most point at no registration, so that equal ones fold and bare ones are left; some point at another's
    con.execute(
        "update raw_records r set reference_record_id = case when r.record_id >= 'd' then m.first_id end "
        "from (select person_name, min(record_id) as first_id from raw_records group by all) m "
        "where m.person_name is not distinct from r.person_name"
    )
    create_records(con, country="BR", as_of=AS_OF)

    def epoch(con):
        con.execute("create temp table term_frequencies (column_name VARCHAR, value VARCHAR, frequency DOUBLE)")
        con.execute(
            "create temp table name_tokens as select * from (values ('', 11.0::DOUBLE), ('silva', 3.0)) t (token, bits)"
        )
        create_scorable(con, CONFIG.scoring)
        create_term_frequencies(con)
        count = con.execute("select count(*) from scorable").fetchall()[0][0]
        store_epoch(con, CONFIG, splink_model=made_up_model(count))
        write_epoch(con, folder)

    link_records(con, CONFIG, country="BR", epoch=epoch)
    create_scored_edges(con, read_epoch(con), CONFIG)
    cluster_records(con, CONFIG, scored=True)
    return con


@pytest.mark.spark
def test_a_first_epoch_is_the_same_on_spark(tables, tmp_path):
    from identity.spark.freezing import freeze_epoch_on_spark

    config = CONFIG.model_copy(update={"scoring": Scoring(train="never")})
    con = linked_by_duckdb([special(901)], tmp_path / "epoch")
    for name in ("records", "profiles"):
        tables.put(name, tables.spark.createDataFrame(con.sql(f"from {name}").to_arrow_table()))
    freeze_epoch_on_spark(tables, config, as_of=AS_OF)
    expected = freeze_epoch(con, None, config, as_of=AS_OF)
    assert read_epoch(tables) == expected
    tokens = con.execute("select token, bits from name_tokens order by token").fetchall()
    assert len(tokens) > 5
    assert sorted(tables.execute("select token, bits from name_tokens").fetchall()) == tokens


@pytest.mark.spark
def test_a_first_scoring_model_is_the_same_on_spark(tables, tmp_path):
    from identity.spark.freezing import freeze_epoch_on_spark

    config = CONFIG.model_copy(update={"scoring": Scoring(train="always")})
    rng = random.Random(12)
    universes = [special(901), *(Universe(rng, number) for number in range(1, 15))]
    for one in universes[1:]:
        for _ in range(20):
            one.add()
    con = linked_by_duckdb(universes, tmp_path / "epoch")
    for name, columns in {"records": "*", "profiles": "*", "guards": "kind, value, decision"}.items():
        tables.put(name, tables.spark.createDataFrame(con.sql(f"select {columns} from {name}").to_arrow_table()))
    with pytest.raises(UnavistaError, match="identity train"):
        freeze_epoch_on_spark(tables, config, as_of=AS_OF)
    ws = Workspace(tmp_path, WorkspaceSettings(name="Test"))
    freeze_epoch_on_spark(tables, config, as_of=AS_OF, trainer=ws)
    expected = freeze_epoch(con, ws, config, as_of=AS_OF)
    assert expected.splink_model is not None
    assert read_epoch(tables) == expected
    frequencies = con.execute("from term_frequencies order by all").fetchall()
    assert len(frequencies) > 5
    assert sorted(tables.execute("select * from term_frequencies").fetchall()) == frequencies


@pytest.mark.spark
def test_every_table_of_a_linking_is_the_same_on_spark(spark, tmp_path, monkeypatch):
    from identity.spark import components
    from identity.spark.linking import link_on_spark

    monkeypatch.setattr(components, "BUCKET_PROFILES", 400)
    rng = random.Random(11)
    universes = [special(900), *(Universe(rng, number) for number in range(1, 140))]
    for one in universes[1:]:
        for _ in range(rng.randint(5, 40)):
            one.add()
        one.step()
    con = linked_by_duckdb(universes, tmp_path / "epoch")
    assert_everything_happens(con)

    def frame(select):
        return spark.createDataFrame(con.sql(select).to_arrow_table())

    found = link_on_spark(
        spark, frame("from raw_records").repartition(3), CONFIG, country="BR", as_of=AS_OF,
        scratch=str(tmp_path / "scratch"), epoch=str(tmp_path / "epoch"), decided_pairs=frame("from decided_pairs"),
    )  # fmt: skip
    assert differences(con, found) == {}
    zoned = spark.sql("select '1' as record_id, cast(timestamp_ntz '2025-01-01' as timestamp_ltz) as updated_at")
    with pytest.raises(UnavistaError, match="updated_at"):
        link_on_spark(spark, zoned, CONFIG, country="BR", as_of=AS_OF, scratch=str(tmp_path / "other"))


def assert_everything_happens(con) -> None:
    """Check that the records bring about what is to be compared."""
    least = {
        "select count(*) from records": 3000,
        "select count(*) from record_profiles where rid <> profile": 50,
        f"select count(*) - count(distinct concat_ws('|', {', '.join(EVIDENCE)})) from profiles where not {IS_BARE}": 1,
        "select count(*) from guards where decision = 'allowed'": 1,
        "select count(distinct kind) from guards where decision = 'blocked'": 6,
        "select max(profile_count) from shared_values": 61,
        "select count(*) from corrections": 50,
        "select count(distinct rule) from edges": len(CONFIG.active_rules) + 1,
        "select count(*) from ambiguous_values": 20,
        "select count(*) from device_followers": 20,
        "select count(distinct reason) from component_cuts": 4,
        "select count(distinct sign(match_weight)) from scored_edges": 2,
    }
    found = {query: con.execute(query).fetchall()[0][0] for query in least}
    assert {query: count for query, count in found.items() if count < least[query]} == {}


def differences(con, found) -> dict[str, tuple]:
    """Return each table that differs, with up to three rows that only DuckDB has and three that only Spark has."""
    told = {}
    for table, columns in COMPARED.items():
        listed = [row[0] for row in con.execute(f"describe select {columns} from {table}").fetchall()]
        con.register("other", found.frame(table).toArrow())
        one, other = (
            Counter(con.execute(f"select {', '.join(listed)} from {name}").fetchall()) for name in (table, "other")
        )
        con.unregister("other")
        if one != other:
            told[table] = (list(one - other)[:3], list(other - one)[:3])
    one, other = value_edges(con), value_edges(con, found)
    if one != other:
        told["values of edges"] = (list(one - other)[:3], list(other - one)[:3])
    return told


def value_edges(con, found=None) -> Counter:
    """Return the edges with the value whose block they name: blocks have numbers of their own on Spark."""
    names = {"edges": "edges", "holdings": "holdings"}
    for table in names if found else ():
        names[table] = f"other_{table}"
        con.register(names[table], found.frame(table).toArrow())
    return Counter(
        con.execute(
            f"select e.left_profile, e.right_profile, e.rule, h.kind, h.value from {names['edges']} e "
            f"join (select distinct block, kind, value from {names['holdings']}) h on h.block = e.block"
        ).fetchall()
    )
