-- One company of Productive.io as last seen: an expense's vendor.
create table if not exists staging.productive__companies (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    name varchar
)
