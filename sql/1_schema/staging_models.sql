-- name: 055_model_hashes
-- The SQL file that one typed table was filled with. Once the file is another,
-- the table is filled anew from raw.records.
create table if not exists staging.model_hashes (
    file varchar not null,
    hash varchar not null                -- sha256 of its text
);

-- name: 061_raw_values
-- The currency and amounts of one version of one record of a spend stream, read
-- straight from its payload for the control totals. No model reads this table
-- and it reads none. Procurify has one amount, which stands in both columns.
create table if not exists staging.raw_values (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    currency varchar,                    -- as received, trimmed
    net_amount decimal(38, 4),           -- total_amount
    gross_amount decimal(38, 4)          -- total_amount_with_tax
);

-- name: 062_staged_versions
-- The version of each object that is typed.
create or replace view staging.staged_versions as

select source, stream, record_id, version, first_seen_at
from staging.productive__expenses

union all by name

select source, stream, record_id, version, first_seen_at
from staging.procurify__transactions

union all by name

select source, stream, record_id, version
from staging.productive__people

union all by name

select source, stream, record_id, version
from staging.productive__companies

union all by name

select source, stream, record_id, version
from staging.productive__service_types;

-- name: 063_seed_streams
-- The streams that are typed. Other objects are kept in raw.records only.
create or replace view staging.seed_streams as

select stream

from (
    values
        ('expenses'),
        ('transactions'),
        ('people'),
        ('companies'),
        ('service_types')
) as streams (stream);

-- name: 148_staged_versions_drop
-- Each transform makes a view of all typed tables.
drop view if exists staging.staged_versions;

-- name: 149_seed_streams_drop
drop view if exists staging.seed_streams;
