-- In how many slices the records are derived again: at least one.
select len(range(0, greatest(1, count(*)), $most)) as slices

from dirty_records
