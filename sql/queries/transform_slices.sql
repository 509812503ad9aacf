-- In how many slices the records are derived again: in none, if none are.
select len(range(0, count(*), $most)) as slices

from dirty_records
