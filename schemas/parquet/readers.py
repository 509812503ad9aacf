"""Reads the newest snapshot with every engine that the documents have a line for.

    readers.py [--packages FOLDER] [--bucket PROGRAM] DATA [ENGINE ...]

DATA is a data folder. Each engine runs in a process of its own, with packages of
its own, which are installed below FOLDER. It evaluates its line of the
repository's README.md. What that returns must have the types that
schemas/parquet/README.md names, and the rows, the sums per currency and the
logical hash of the manifest. DuckDB also reads every view of spend.duckdb.

With --bucket, PROGRAM (spendbridge) puts the snapshot into the bucket of the S3
server that SPENDBRIDGE_TEST_S3 names, and each engine reads it from there, as
schemas/parquet/README.md says under "From a bucket".

An engine that cannot be installed or started counts as failed.
"""

import argparse
import ast
import collections
import datetime
import decimal
import hashlib
import importlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# What is installed for each engine. A name may end in a version.
PACKAGES = {
    "spark": "pyspark==3.5.8",  # needs Java 8 to 17
    "polars": "polars==2.1.0",
    "pyarrow": "pyarrow==26.0.1",
    "pandas": "pandas==3.1.1 pyarrow==26.0.1",
    "fastparquet": "fastparquet==2026.9.0 pandas==3.1.1",
    "chdb": "chdb==4.4.0",
    "datafusion": "datafusion==55.0.0",
    "duckdb-0.10.3": "duckdb==0.10.3 pytz==2026.6",
    "duckdb-1.4.4": "duckdb==1.4.4 pytz==2026.6",
    "duckdb-2.0.1": "duckdb==2.0.1",
}

# What is installed beside them to read from a bucket.
FOR_BUCKET = {
    "fastparquet": "s3fs==2026.9.0",
    "duckdb-0.10.3": "s3fs==2026.9.0",
    "duckdb-1.4.4": "duckdb-extension-httpfs==1.4.4",
    "duckdb-2.0.1": "s3fs==2026.9.0",
}

# Where the engines find a bucket.
BUCKET = "test-bucket"
ACCESS = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret", "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
}

# What the lines of an engine need, if that is not the module of its name.
MODULES = {"spark": ["pyspark.sql"], "pyarrow": ["pyarrow.parquet"], "datafusion": ["datafusion", "pyarrow"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--packages", default="bin/readers")
    parser.add_argument("--bucket")
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("data")
    parser.add_argument("engines", nargs="*")
    args = parser.parse_args()
    if args.read:
        return print(read(args.engines[0], args.data, args.bucket))

    access, bucket = {}, []
    if args.bucket:
        access = {**ACCESS, "AWS_ENDPOINT_URL": os.environ["SPENDBRIDGE_TEST_S3"]}
        bucket = ["--bucket", store(args.bucket, args.data)]
    failed = []
    for engine in args.engines or PACKAGES:
        version = PACKAGES[engine].split()[0].split("==")[1]
        label = f"{engine.split('-')[0]} {version}"
        try:
            wanted = [FOR_BUCKET[engine]] if bucket and engine in FOR_BUCKET else []
            folders = [install(names.split(), args.packages) for names in [*wanted, PACKAGES[engine]]]
            said = subprocess.run(
                [sys.executable, __file__, "--read", *bucket, args.data, engine],
                env={
                    **os.environ, **access, "TZ": "UTC",
                    "PYTHONPATH": os.pathsep.join(folders), "PYSPARK_SUBMIT_ARGS": spark_settings(folders[-1]),
                },
                check=True, capture_output=True, text=True,
            )
            print(f"  ✓  {label:20}  {said.stdout.splitlines()[-1]}", flush=True)
        except subprocess.CalledProcessError as err:
            failed.append(engine)
            what = "failed" if "--read" in err.cmd else "not checked: its packages cannot be installed"
            print(f"  ✗  {label:20}  {what}\n{err.stderr[-2000:]}", flush=True)
    if failed:
        sys.exit("not every engine reads the snapshot: " + ", ".join(failed))


def store(program, data):
    """Has the program put the newest snapshot into the bucket, and returns its folder there."""
    config = pathlib.Path(data, "bucket.yaml")
    config.write_text(
        pathlib.Path(data, "spendbridge.yaml").read_text()
        + f"store: s3://{BUCKET}/readers\ns3: {{endpoint: \"{os.environ['SPENDBRIDGE_TEST_S3']}\", path_style: true, region: us-east-1, "
        + f"key_id: {ACCESS['AWS_ACCESS_KEY_ID']}, secret: {ACCESS['AWS_SECRET_ACCESS_KEY']}}}\n"
    )
    load = [program, "load", "--snapshot-only", "--quiet", "--json", "--config", config]
    snapshot = json.loads(subprocess.run(load, check=True, capture_output=True, text=True).stdout)["snapshot"]
    return f"s3://{BUCKET}/readers/snapshots/{snapshot['id']}/spend"


def install(wanted, packages):
    """Installs packages once, and returns their folder."""
    folder = pathlib.Path(packages, "+".join(wanted)).absolute()
    if not folder.exists():
        half = folder.with_name(folder.name + ".half")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", half, *wanted]
        subprocess.run(pip, check=True, capture_output=True, text=True)
        half.rename(folder)
    return str(folder)


def spark_settings(folder):
    """Returns the settings of Spark, which keeps its JARs beside its package."""
    settings = ["spark.ui.enabled=false", "spark.sql.session.timeZone=UTC", f"spark.jars.ivy={folder}/ivy"]
    options = [word for setting in settings for word in ("--conf", setting)]
    return shlex.join(["--master", "local[2]", *options, "pyspark-shell"])


def read(engine, data, bucket):
    """Runs in the engine's process, and raises an error for what differs."""
    snapshot = pathlib.Path(data, "snapshots", "latest").resolve()
    manifest = json.loads((snapshot / "manifest.json").read_text())
    contract = json.loads((HERE / "spend.json").read_text())["columns"]
    name = engine.split("-")[0]

    how, lines = from_bucket(engine) if bucket else ("", from_folder(name))
    result = evaluate(name, lines, bucket or str(snapshot / "spend"))
    types, rows = globals().get("of_" + name, of_arrow)(result, contract)

    check_types(name, contract, {column: str(t) for column, t in types.items()})
    rows = [{c["name"]: row[c["name"]] for c in contract} for row in rows]
    check("rows", manifest["rows"], len(rows))
    check("sums", sums(manifest["control_totals"], "records"), sums(rows))
    check("logical hash", manifest["logical_hash"], str(recipe()(rows)))
    views = f", {read_views(data, manifest)} views" if name == "duckdb" and not bucket else ""
    amounts = ", ".join(f"{amount} {currency}" for currency, (_, amount) in sums(rows).items())
    return f"{len(rows)} rows, {len(types)} columns{views}: {amounts}{how}"


def from_folder(name):
    """Returns an engine's line of the repository's README.md."""
    lines = (HERE.parent.parent / "README.md").read_text().splitlines()
    (line,) = (line for line in lines if re.match(rf"{name}\.\w.*\(", line))
    return "spark = pyspark.sql.SparkSession.builder.getOrCreate()\n" + line if name == "spark" else line


def from_bucket(engine):
    """Returns what an engine needs for a bucket, and its lines: a paragraph below "From a bucket"."""
    (block,) = re.findall(r"(?s)## From a bucket.*?```python\n(.*?)```", (HERE / "README.md").read_text())
    for names, how, lines in re.findall(r"(?ms)^# (.*?): (.*?)$\n(.*?)(?=^# |\Z)", block):
        if set(engine.split("-")) <= set(re.split(r",? ", names)):
            return f", needs {how}", lines
    raise AssertionError("no paragraph under From a bucket")


def evaluate(name, lines, folder):
    """Runs the lines of an engine, and returns the value of the last."""
    known = {"folder": folder, "endpoint": os.environ.get("AWS_ENDPOINT_URL"), "os": os, "pathlib": pathlib}
    for module in MODULES.get(name, [name]):
        importlib.import_module(module)
        known[module.split(".")[0]] = sys.modules[module.split(".")[0]]
    *before, last = ast.parse(lines).body
    exec(compile(ast.Module(before, []), "README.md", "exec"), known)
    return eval(compile(ast.Expression(last.value), "README.md", "eval"), known)


# What an engine's line returns, as the types of its columns and its rows.


def of_spark(frame, _):
    rows = [row.asDict() for row in frame.collect()]
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime.datetime):
                row[name] = value.replace(tzinfo=datetime.timezone.utc)
    return dict(frame.dtypes), rows


def of_polars(frame, _):
    return frame.schema, frame.to_dicts()


def of_arrow(table, _):
    schema = table.schema() if callable(table.schema) else table.schema
    return {field.name: field.type for field in schema}, table.to_pylist()


def of_pandas(frame, _):
    plain = frame.astype(object)
    return frame.dtypes, plain.where(frame.notna(), None).to_dict("records")


def of_fastparquet(frame, contract):
    types, rows = of_pandas(frame, contract)
    exact = {
        "DECIMAL": lambda c, value: decimal.Decimal(f"{value:.{c['scale']}f}"),
        "DATE": lambda c, value: value.date(),
        "TIMESTAMP_MICROS": lambda c, value: value.tz_localize("UTC"),
    }
    for column in contract:
        convert = exact.get(column.get("converted"), lambda c, value: value)
        for row in rows:
            value = row[column["name"]]
            row[column["name"]] = None if value is None else convert(column, value)
    return types, rows


def of_duckdb(relation, _):
    names = relation.columns
    return dict(zip(names, relation.types)), [dict(zip(names, row)) for row in relation.fetchall()]


def read_views(data, manifest):
    """Reads every view of spend.duckdb, and returns how many there are."""
    import duckdb

    copy = duckdb.connect(os.path.join(data, "spend.duckdb"), read_only=True)
    views = copy.sql("select view_name from duckdb_views() where not internal").fetchall()
    for (view,) in views:
        _, rows = of_duckdb(copy.sql(f"from {view}"), None)
        if view == "spend":
            check("sums of the view spend", sums(manifest["control_totals"], "records"), sums(rows))
    return len(views)


def check_types(name, contract, types):
    """Compares the types of the columns with the table of engines."""
    table = (HERE / "README.md").read_text()
    (row,) = re.findall(rf"(?m)^\| `{name}` \|(.*)\|$", table)
    (head,) = re.findall(r"(?m)^\| engine \|(.*)\|$", table)
    cells = dict(zip(re.findall(r"`(\w+)", head), row.split("|")))
    for column in contract + [{"name": "year", "converted": "year"}, {"name": "month", "converted": "year"}]:
        cell = cells[column.get("converted", column.get("type"))]
        known = {"p": str(column.get("precision")), "s": str(column.get("scale"))}
        allowed = [re.sub(r"\b[ps]\b", lambda m: known[m[0]], t) for t in re.findall("`([^`]+)`", cell)]
        if types[column["name"]] not in allowed:
            raise AssertionError(f"{column['name']} is {types[column['name']]}, want {allowed}")


def sums(rows, records=None):
    """Returns the number of records and the sum of amounts by currency."""
    found = collections.defaultdict(lambda: (0, decimal.Decimal(0)))
    for row in rows:
        n, amount = found[row["currency"]]
        found[row["currency"]] = n + row.get(records, 1), amount + decimal.Decimal(row["amount"])
    return dict(sorted(found.items()))


def recipe():
    """Returns logical_hash as it is documented."""
    (text,) = re.findall(r"(?s)```python\n(EPOCH = .*?)```", (HERE / "README.md").read_text())
    known = {"datetime": datetime, "decimal": decimal, "hashlib": hashlib}
    exec(text, known)
    return known["logical_hash"]


def check(what, want, got):
    if want != got:
        raise AssertionError(f"{what}: {got}, the manifest says {want}")


if __name__ == "__main__":
    main()
