-- name: 151_placed_records
-- Every decided record with its place: spend, excluded or quarantine. Columns
-- that only spend has are null elsewhere; `record` is the whole row.
create or replace view canonical.placed_records as

select
    'spend' as place,
    null as reason,
    spend_id,
    source,
    stream,
    record_id,
    record_version,
    source_currency,
    source_amount,
    currency,
    type,
    occurred_on,
    amount,
    to_json(records) as record

from canonical.spend as records

union all by name

select
    'excluded' as place,
    reason,
    spend_id,
    source,
    stream,
    record_id,
    record_version,
    source_currency,
    source_amount,
    to_json(records) as record

from canonical.excluded as records

union all by name

select
    'quarantine' as place,
    reason,
    spend_id,
    source,
    stream,
    record_id,
    record_version,
    source_currency,
    source_amount,
    to_json(records) as record

from canonical.quarantine as records;
