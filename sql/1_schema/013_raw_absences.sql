-- One living object that the last proven read of its window did not find. A
-- second proven read without it makes it a tombstone, a sighting removes it.
create table if not exists raw.absences (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    read_id varchar not null,            -- that missed it first
    missed_at timestamptz not null
)
