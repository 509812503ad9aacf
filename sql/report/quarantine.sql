-- What is not spend: excluded with a reason, or in quarantine with one.

-- name: list
select
    spend_id,
    reason,
    coalesce(detail, '') as detail,
    source,
    coalesce(source_amount::varchar, '') as source_amount,
    coalesce(source_currency, '') as source_currency,
    coalesce(vendor_raw, '') as vendor_raw,
    coalesce(occurred_on::varchar, '') as occurred_on,
    changed_at

from canonical.quarantine

order by reason, source, occurred_on, spend_id;

-- name: show
-- The records in quarantine that a spend id or a vendor's own id names, each
-- with its raw version and the page that brought it.
select
    quarantine.spend_id,
    quarantine.reason,
    coalesce(quarantine.detail, '') as detail,
    quarantine.source,
    coalesce(quarantine.source_amount::varchar, '') as source_amount,
    coalesce(quarantine.source_currency, '') as source_currency,
    coalesce(quarantine.vendor_raw, '') as vendor_raw,
    coalesce(quarantine.occurred_on::varchar, '') as occurred_on,
    quarantine.changed_at,
    quarantine.stream,
    quarantine.record_id,
    quarantine.record_version,
    pages.file,
    pages.url,
    pages.fetched_at,
    records.ordinal,
    records.payload::varchar as payload

from canonical.quarantine as quarantine

inner join raw.records as records
    on quarantine.source = records.source
    and quarantine.stream = records.stream
    and quarantine.record_id = records.record_id
    and quarantine.record_version = records.version

inner join raw.pages as pages
    on records.page_id = pages.page_id

where quarantine.spend_id = $id
    or quarantine.record_id = $id

order by quarantine.spend_id;

-- name: by_reason
select
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    coalesce(sum(source_amount)::decimal(38, 4)::varchar, '') as source_amount

from canonical.quarantine

group by all

order by reason, source, currency;

-- name: first
-- The records set aside that a person should look at first: the newest.
select
    spend_id,
    source,
    reason,
    coalesce(detail, '') as detail,
    coalesce(vendor_raw, '') as vendor,
    coalesce(source_currency, '?') as currency,
    coalesce(source_amount::varchar, '') as source_amount,
    coalesce(occurred_on::varchar, '') as occurred_on

from canonical.quarantine

order by changed_at desc, spend_id

limit $limit;

-- name: excluded
select
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    coalesce(sum(source_amount)::decimal(38, 4)::varchar, '') as source_amount

from canonical.excluded

group by source, reason, currency

order by reason, source, currency;
