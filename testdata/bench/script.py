"""What one writes by hand in an afternoon, for `make bench` to compare with.

It reads all expenses, keeps the pages, makes one table of them with DuckDB,
writes Parquet and posts batches of 1000 from two threads. It proves nothing,
remembers nothing, and posts everything again when it runs again.

    python3 script.py FOLDER PRODUCTIVE_URL TOKEN PRODUCTIV_URL CLIENT_ID SECRET
"""

import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import requests

folder, source, token, target, client_id, client_secret = sys.argv[1:]
pages = pathlib.Path(folder) / "pages"
pages.mkdir(parents=True)


def pull():
    """Keeps every page of the expenses as it came."""
    session = requests.Session()
    session.headers.update({
        "X-Auth-Token": token, "X-Organization-Id": "517", "Content-Type": "application/vnd.api+json",
    })
    number = last = 1
    while number <= last:
        page = session.get(source + "/expenses", params={
            "page[size]": 200, "page[number]": number, "sort": "id", "include": "person,vendor,service_type",
        })
        page.raise_for_status()
        (pages / f"{number:06}.json").write_bytes(page.content)
        if number == 1:
            last = page.json()["meta"]["total_pages"]
        number += 1


# One row is one approved expense. Amounts come in minor units.
SPEND = """
create table spend as

with

pages as (
    select data, included
    from read_json(?, columns = {
        data: 'struct(
            id varchar,
            attributes struct(
                name varchar, date date, created_at timestamptz, currency varchar,
                total_amount_with_tax bigint, approved boolean, draft boolean, deleted_at varchar
            ),
            relationships struct(
                person struct(data struct(id varchar)),
                vendor struct(data struct(id varchar)),
                service_type struct(data struct(id varchar))
            )
        )[]',
        included: 'struct(
            id varchar, type varchar,
            attributes struct(name varchar, email varchar, first_name varchar, last_name varchar)
        )[]'
    })
),

expenses as (select unnest(data, recursive := false) as e from pages),

objects as (
    select o.type, o.id, any_value(o.attributes) as attributes
    from (select unnest(included) as o from pages)
    group by all
)

select
    'expense-' || e.id as id,
    e.attributes.date as occurred_on,
    e.attributes.total_amount_with_tax * case e.attributes.currency
        when 'JPY' then 1 when 'KWD' then 0.001 else 0.01 end as amount,
    e.attributes.currency as currency,
    coalesce(person.attributes.email, 'unknown') as email,
    concat_ws(' ', person.attributes.first_name, person.attributes.last_name) as name,
    coalesce(vendor.attributes.name, e.attributes.name) as vendor,
    service.attributes.name as category,
    e.attributes.name as description

from expenses

left join objects as person
    on person.type = 'people' and person.id = e.relationships.person.data.id

left join objects as vendor
    on vendor.type = 'companies' and vendor.id = e.relationships.vendor.data.id

left join objects as service
    on service.type = 'service_types' and service.id = e.relationships.service_type.data.id

where e.attributes.approved and not e.attributes.draft and e.attributes.deleted_at is null
"""

BODIES = """
select '{"records":[' || string_agg(to_json({
    created: epoch_ms(occurred_on::timestamp), amount: amount, currency: currency, identifier: email,
    type: 'expense', vendor: vendor, name: name, category: category, description: description,
    transactionNumber: id
})::varchar, ',') || ']}'
from (select *, row_number() over () as n from spend)
group by (n - 1) // 1000
"""


def post(bodies):
    """Posts all bodies, two at a time."""
    session = requests.Session()
    answer = session.post(target + "/oauth2/token", data={
        "grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret,
        "scope": "https://api.productiv.com/connector.write",
    })
    answer.raise_for_status()
    session.headers["Authorization"] = "Bearer " + answer.json()["access_token"]
    session.headers["Content-Type"] = "application/json"

    def send(body):
        answer = session.post(target + "/services/push/v1/customer/apps/app-1/finance", data=body.encode())
        answer.raise_for_status()
        assert answer.json()["success"]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, bodies))


pull()
db = duckdb.connect(folder + "/spend.duckdb")
db.execute(SPEND, [str(pages / "*.json")])
db.execute(f"copy spend to '{folder}/spend.parquet' (format parquet, compression zstd)")
post(body for (body,) in db.execute(BODIES).fetchall())
print(db.execute("select count(*) from spend").fetchone()[0])
