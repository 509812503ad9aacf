-- One service type of Productive.io as last seen: an expense's category.
create table if not exists staging.productive__service_types (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    name varchar
)
