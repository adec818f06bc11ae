"""Tables on Spark behind the calls that this room makes of a DuckDB connection: `execute`, `executemany`, `fetchall`.

A table is Parquet in a scratch folder and a view over it. What makes a table is carried out at once, so that no plan
grows with the number of statements; rows that are added wait until the table is read, and are then written together.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from identity.spark.asking import ask_duckdb
from identity.spark.dialect import TYPES, UntranslatedSql, spark_sql, translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from identity.spark.dialect import Question

SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}


class SparkTables:
    """The tables of one linking.

    Args:
        spark: Session of the caller; names and settings are those of a new one on the same context.
        scratch: Folder for the tables, where every executor can read and write. Whoever gives it removes it.
    """

    def __init__(self, spark: SparkSession, scratch: str) -> None:
        self.spark = spark.newSession()
        for name, value in SETTINGS.items():
            self.spark.conf.set(name, value)
        self._scratch = scratch
        self._folders: dict[str, list[str]] = {}
        self._added: dict[str, list[DataFrame]] = {}
        self._written = 0
        self._asked: set[str] = set()
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str) -> SparkTables:
        """Carry out one statement of this room, written for DuckDB.

        Raises:
            UntranslatedSql: it says something that has no proven form on Spark.
        """
        done = translate(statement)
        for question in done.questions:
            self._register(question)
        tree = done.tree
        target = tree.this if isinstance(tree, exp.Insert) else None
        for table in tree.find_all(exp.Table):
            if table is not target:
                self._write_added(table.name)
        if isinstance(tree, exp.Create):
            self._create(tree)
        elif isinstance(tree, exp.Insert):
            self._append(tree.this.name, self.spark.sql(spark_sql(tree.expression)))
        elif isinstance(tree, exp.Update):
            self.put(tree.this.name, self.spark.sql(self._updated(tree)))
        elif isinstance(tree, exp.Drop):
            name = next(tree.find_all(exp.Table)).name
            self._forget(name)
            self.spark.catalog.dropTempView(name)
        else:
            self._rows = [tuple(row) for row in self.spark.sql(spark_sql(tree)).collect()]
        return self

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> SparkTables:
        """Insert rows of values into a table.

        Raises:
            UntranslatedSql: the statement is no `insert into … values (?, …)`.
        """
        words = statement.split()
        if [word.lower() for word in (*words[:2], words[3])] != ["insert", "into", "values"]:
            raise UntranslatedSql("only `insert into <table> values (?, …)` takes rows on Spark")
        schema = self.spark.table(words[2]).schema
        self._append(words[2], self.spark.createDataFrame([tuple(row) for row in rows], schema))
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last select."""
        return self._rows

    def frame(self, name: str) -> DataFrame:
        """Return a table."""
        self._write_added(name)
        return self.spark.table(name)

    def places(self) -> dict[str, list[str]]:
        """Return the tables, and the files or folders of files that each stands in; none when it never had a row."""
        for name in list(self._added):
            self._write_added(name)
        return {table.name: list(self._folders.get(table.name, ())) for table in self.spark.catalog.listTables()}

    def put(self, name: str, frame: DataFrame) -> None:
        """Store a frame as a table, in place of one of that name."""
        folder = self._write(frame)
        self._forget(name)
        self._folders[name] = [folder]
        self.spark.read.schema(frame.schema).parquet(folder).createOrReplaceTempView(name)

    def read(self, name: str, path: str) -> None:
        """Make a table of Parquet files, where they are."""
        self._forget(name)
        self._folders[name] = [path]
        self.spark.read.parquet(path).createOrReplaceTempView(name)

    def _create(self, tree: exp.Expression) -> None:
        if isinstance(tree.this, exp.Schema):
            columns = ", ".join(f"{one.name} {_type(one)}" for one in tree.this.expressions)
            self._forget(tree.this.this.name)
            self.spark.createDataFrame([], columns).createOrReplaceTempView(tree.this.this.name)
        else:
            self.put(tree.this.name, self.spark.sql(spark_sql(tree.expression)))

    def _append(self, name: str, rows: DataFrame) -> None:
        """Add rows by place, in the types of the table."""
        from pyspark.sql import functions

        schema = self.spark.table(name).schema
        typed = (functions.col(field.name).cast(field.dataType).alias(field.name) for field in schema)
        self._added.setdefault(name, []).append(rows.toDF(*schema.names).select(*typed))

    def _write_added(self, name: str) -> None:
        parts = self._added.pop(name, [])
        if parts:
            schema = self.spark.table(name).schema
            self._folders.setdefault(name, []).append(self._write(reduce(type(parts[0]).unionAll, parts)))
            self.spark.read.schema(schema).parquet(*self._folders[name]).createOrReplaceTempView(name)

    def _forget(self, name: str) -> None:
        self._folders.pop(name, None)
        self._added.pop(name, None)

    def _updated(self, tree: exp.Expression) -> str:
        """Return a select that yields the table with the assignments of an update."""
        name, condition = tree.this.name, spark_sql(tree.args["where"].this)
        new = {one.this.name: spark_sql(one.expression) for one in tree.expressions}
        columns = ", ".join(
            f"case when {condition} then {new[column]} else {column} end as {column}" if column in new else column
            for column in self.frame(name).columns
        )
        return f"select {columns} from {name}"

    def _write(self, frame: DataFrame) -> str:
        self._written += 1
        folder = f"{self._scratch}/{self._written:04d}"
        frame.write.parquet(folder)
        return folder

    def _register(self, question: Question) -> None:
        if question.name not in self._asked:
            self.spark.udf.register(question.name, ask_duckdb(question.expression, question.answer))
            self._asked.add(question.name)


def _type(column: exp.Expression) -> str:
    return TYPES[column.args["kind"].this.name]
