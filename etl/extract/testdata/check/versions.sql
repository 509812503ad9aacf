-- Every version of every record, without the ids of its page.
select
    source,
    stream,
    record_id,
    version,
    payload_hash,
    tombstone,
    unsettled,
    filed_on

from raw.records

order by
    source,
    stream,
    record_id,
    version
