-- One slice of the records that are to be derived again.
create or replace temp table dirty_slice as

select *

from dirty_records

where md5_number_upper(record_id) % $slices = $slice
