-- What prune removes.

-- name: pages
delete from raw.pages

where page_id in (select prunable_pages.page_id from prunable_pages);

-- name: count
select
    (select count(*) from prunable_pages) as pages,
    (select count(*) from raw.pages) as all_pages,
    (select count(*) from ops.checks where checked_at < $before) as checks;

-- name: lines
-- The lines of journals that stand for pages which are pruned.
select
    source,
    journal,
    page_id

from prunable_pages

where journal is not null;

-- name: checks
delete from ops.checks

where checked_at < $before;

-- name: mark
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
    );

-- name: kept_files
-- The files that a page which stays names.
select distinct file

from raw.pages

where file != ''
    and page_id not in (select prunable_pages.page_id from prunable_pages);
