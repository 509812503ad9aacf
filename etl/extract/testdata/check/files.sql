-- How many pages have a file, and how many a line only.
select
    file != '' as is_kept,
    count(*) as pages

from raw.pages

where run_id = $run_id

group by is_kept

order by is_kept
