-- All spend is posted and accepted as it is.
insert into delivery.planned_items by name

select
    'productiv.example/app-1' as target,
    spend_id as key,
    1 as attempt,
    spend_id,
    'run-1' as run_id,
    source,
    record_version,
    'spend' as kind,
    'accepted' as state,
    'finance' as record_schema,
    json_object('vendor', vendor)::varchar as payload,
    md5(vendor) as payload_hash,
    md5(vendor) as content_hash,
    currency,
    row_number() over (order by spend_id) as ledger_no,
    row_number() over (order by spend_id) as ordinal,
    1 as version,
    amount,
    amount as sent_amount,
    epoch_ms(occurred_at) as created_ms,
    md5_number_upper(spend_id)::decimal(20, 0) as key_hash,
    occurred_on,
    $at::timestamptz as planned_at

from canonical.spend
