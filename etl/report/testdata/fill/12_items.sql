-- The record that was refused was alone in a batch that is not listed.
insert into delivery.planned_items by name

select
    'public-api.productiv.com/app-1' as target,
    spend_id as key,
    1 as attempt,
    spend_id,
    '20261120T030000Z-cccccc-00' || case
        when record_id in ('4389', '4390') then 2
        when record_id = '4391' then 3
        else 1
    end as batch_id,
    '20261120T030000Z-cccccc' as run_id,
    source,
    page_id,
    1 as record_version,
    'spend' as kind,
    case when record_id = '4391' then $refused else 'planned' end as state,
    'finance' as record_schema,
    '{}' as payload,
    'ab' as payload_hash,
    'ab' as content_hash,
    row_number() over (order by batch_id, spend_id) as ledger_no,
    currency,
    case when record_id = '4391' then 'vendor must not be <b>longer</b> than 60 characters' end as message,
    row_number() over (order by batch_id, spend_id) as ordinal,
    1 as version,
    amount,
    amount as sent_amount,
    0 as created_ms,
    md5_number_upper(spend_id)::decimal(20, 0) as key_hash,
    occurred_on,
    '2026-11-20T03:00:48Z'::timestamptz as planned_at

from canonical.spend

where record_id::integer between 4348 and 4400
