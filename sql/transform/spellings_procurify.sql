-- Names of vendors in earlier versions of transactions.
insert into spellings_elsewhere by name

select
    page_id,
    ordinal,
    clean_text(payload ->> '$.vendor.name') as spelling,
    'descriptor' as vendor_origin,
    seen_at

from pending_payloads

where kind = 'procurify'
    and stream = 'transactions'
    and not newest
