-- Records that the last proven read of their window did not find.
select record_id

from raw.absences

where source = $source
    and stream = $stream
    and read_id != $read_id
