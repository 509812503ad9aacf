-- Records that a spend record is gone, as extract does.
insert into raw.records by name

select
    * replace (
        version + 1 as version,
        true as tombstone,
        $seen_at::timestamptz as seen_at
    )

from raw.records

where source = $source
    and record_id = $record_id
    and stream in ('expenses', 'transactions')

order by version desc

limit 1
