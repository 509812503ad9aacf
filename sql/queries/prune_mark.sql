-- Old responses that brought nothing: no version of any record came with them
-- and no read that may go on needs them.
create or replace temp table prunable_pages as

with

needed as (

    select read_id from raw.cursors where read_id is not null
    union
    select read_id from raw.absences

)

select
    pages.page_id,
    pages.source,
    pages.journal,
    pages.file

from raw.pages as pages

left join needed
    on pages.read_id = needed.read_id

where pages.fetched_at < $before
    and (pages.landed or pages.outcome != 'page')
    and needed.read_id is null
    and pages.page_id not in (
        select records.page_id from raw.records as records
    )
