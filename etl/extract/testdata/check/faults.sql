-- Records with a fault that are not gone.
select
    record_id,
    fault

from raw.records as records

where stream in ('expenses', 'transactions')
    and version = (
        select max(others.version)
        from raw.records as others
        where records.stream = others.stream
            and records.record_id = others.record_id
    )
    and fault is not null
    and not tombstone
