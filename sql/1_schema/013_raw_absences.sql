-- One living object that a proven read of its window did not find. When a job
-- ends it becomes a tombstone, or waits for a second proven read without it; a
-- sighting removes it.
create table if not exists raw.absences (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    read_id varchar not null,            -- that missed it
    missed_at timestamptz not null
)
