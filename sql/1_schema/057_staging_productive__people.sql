-- One person of Productive.io as last seen.
create table if not exists staging.productive__people (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    email varchar,                       -- trimmed, lower case
    full_name varchar
)
