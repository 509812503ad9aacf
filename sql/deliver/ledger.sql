-- The ledger as a whole: rebuilt from sent files, and summed by state.

-- name: add_items
-- The items of one sent file, as its header lists them beside the records of
-- its body.
insert into delivery.planned_items by name

with

listed as (

    select unnest(from_json($items, '[{
        "item": {
            "key": "VARCHAR", "attempt": "INTEGER", "spend_id": "VARCHAR",
            "source": "VARCHAR", "page_id": "VARCHAR",
            "record_version": "INTEGER", "class": "VARCHAR",
            "kind": "VARCHAR",
            "content_hash": "VARCHAR", "currency": "VARCHAR",
            "version": "INTEGER", "amount": "VARCHAR",
            "created_ms": "BIGINT", "occurred_on": "DATE",
            "ordinal": "INTEGER", "ledger_no": "BIGINT"
        },
        "payload": "VARCHAR"
    }]')) as sent

),

items as (

    select
        unnest(sent.item),
        sent.payload

    from listed

)

select
    items.* replace (
        items.amount::decimal(18, 4) as amount,
        coalesce(items.ledger_no, $first_no + items.ordinal - 1) as ledger_no
    ),
    regexp_extract(
        items.payload, '"amount":(-?[0-9.]+)', 1
    )::decimal(18, 4) as sent_amount,
    md5_number_upper(items.spend_id)::decimal(20, 0) as key_hash,
    $target as target,
    rtrim($batch_id, 'ab') as batch_id,
    $run_id as run_id,
    'planned' as state,
    $record_schema as record_schema,
    md5(items.payload) as payload_hash,
    $at::timestamptz as planned_at

from items;

-- name: any_totals
-- Whether the run has totals already. Both columns are in one comparison: for a
-- condition on one column a lake asks PostgreSQL which files it rules out.
select count(*) > 0 as written

from ops.control_totals

where (run_id, step) = ($run_id, 'ledger');

-- name: clear_totals
delete from ops.control_totals
where run_id = $run_id
    and step = 'ledger';

-- name: write_totals
insert into ops.control_totals by name

select
    $run_id as run_id,
    'ledger' as step,
    source,
    currency,
    state,
    sum(records) as records,
    sum(amount) as amount,
    sum(abs_amount) as abs_amount,
    sum(key_hash) as key_hash,
    $at::timestamptz as recorded_at

from (

    select
        source,
        currency,
        state,
        count(distinct spend_id) as records,
        sum(amount) as amount,
        sum(abs(amount)) as abs_amount,
        sum(md5_number_upper(spend_id)::decimal(38, 0)) as key_hash

    from ledger_cells

    group by source, currency, state

    union all by name

    select
        source,
        currency,
        'delivered' as state,
        count(*) as records,
        sum(amount) as amount,
        sum(abs(amount)) as abs_amount,
        sum(key_hash::decimal(38, 0)) as key_hash

    from diff_same

    group by source, currency

) as cells

group by source, currency, state;
