-- What is not spend: excluded with a reason, or in quarantine with one.

-- name: list
-- One record, or all for an empty id.
select
    spend_id,
    reason,
    detail,
    source,
    source_amount::varchar as source_amount,
    source_currency,
    vendor_raw as vendor,
    occurred_on::varchar as occurred_on,
    changed_at

from canonical.quarantine

where $spend_id in ('', spend_id)

order by reason, source, occurred_on, spend_id;

-- name: first
-- The records that a person should look at first: the newest.
select
    spend_id,
    source,
    reason,
    detail,
    vendor_raw as vendor,
    coalesce(source_currency, '?') as source_currency,
    source_amount::varchar as source_amount,
    occurred_on::varchar as occurred_on

from canonical.quarantine

order by changed_at desc, spend_id

limit $limit;

-- name: reasons
-- Why records are in a place that is not spend, and the money in them.
select
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    sum(source_amount)::decimal(38, 4)::varchar as amount

from canonical.placed_records

where place = $place

group by all

order by reason, source, currency;
