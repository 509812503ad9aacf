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

limit $limit
