-- raw.vanished: records and links that disappeared in implausible numbers and
-- need manual review.

-- name: list
-- The records that wait, and accepted ones that are not deleted yet. An empty
-- id stands for the links.
select
    coalesce(record_id, '') as record_id,
    accepted_at is not null as is_accepted

from raw.vanished

where (source, stream) = ($source, $stream)
    and closed_at is null

order by record_id;

-- name: links
-- The blank links that were accepted last.
select
    detail,
    accepted_at

from raw.vanished

where source = $source
    and stream = $stream
    and record_id is null
    and accepted_at is not null

order by accepted_at desc

limit 1;

-- name: add
-- An empty id stands for the links.
insert into raw.vanished by name

select
    $source as source,
    $stream as stream,
    nullif(unnest($record_ids), '') as record_id,
    $run_id as run_id,
    case when record_id is null then $links end as detail,
    $now as listed_at;

-- name: accept
-- Accepts what is listed, and nothing that vanishes later.
update raw.vanished

set
    who = $who,
    note = $note,
    accepted_at = $now

where source = $source
    and stream = $stream
    and accepted_at is null;

-- name: remove
-- Removes what waits from the list. An empty id stands for the links.
delete from raw.vanished

where source = $source
    and stream = $stream
    and coalesce(record_id, '') in (select unnest($record_ids))
    and accepted_at is null;

-- name: close
-- Ends an acceptance: the record is deleted, or was found again.
update raw.vanished

set
    closed_at = $now

where source = $source
    and stream = $stream
    and record_id in (select unnest($record_ids))
    and accepted_at is not null
    and closed_at is null;
