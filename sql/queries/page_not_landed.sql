-- Pages whose records are not in raw.records yet, oldest first. Those of open
-- reads wait until it is known which pass counts, and later ones wait for
-- them: what was seen first becomes the first version. In any order they do
-- not wait.
with

waiting as (

    select
        page_id,
        read_id,
        file,
        bytes,
        faults,
        record_id is not null as is_single,
        read_id in (select unnest($open_reads::varchar[])) as is_open

    from raw.pages

    where source = $source
        and outcome = 'page'
        and not landed
        and ($before = '' or page_id < $before)

),

first_open as (

    select min(page_id) as page_id

    from waiting

    where is_open

)

select
    waiting.page_id,
    waiting.read_id,
    waiting.file,
    waiting.bytes,
    waiting.is_single,
    waiting.faults

from waiting

cross join first_open

where not waiting.is_open
    and (
        $in_any_order
        or first_open.page_id is null
        or waiting.page_id < first_open.page_id
    )

order by waiting.page_id
