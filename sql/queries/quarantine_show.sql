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

order by quarantine.spend_id
