-- name: 011_records
-- One version of one vendor object. A version is written only when its
-- payload differs from the one before. A tombstone repeats the last payload
-- and says that a proven read no longer found the object. Streams: expenses,
-- transactions, and people, companies, service_types, purchase_orders, which
-- come included with expenses.
create table if not exists raw.records (

    ---------- ids
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,          -- the vendor's id
    version integer not null,            -- 1 … per object
    page_id varchar not null,            -- first seen there with this payload
    ordinal integer not null,            -- place there: data, then included

    ---------- text
    payload json not null using compression zstd,
    payload_hash varchar not null,       -- md5 of the payload's text

    ---------- booleans
    tombstone boolean not null,
    unsettled boolean,                   -- an expense: draft or not approved

    ---------- dates
    filed_on date,                       -- day of the expense, transaction

    ---------- timestamps
    seen_at timestamptz not null         -- page fetched, or tombstone written
);

-- name: 067_records_fault
-- Why a version is put into quarantine, `<reason>: <detail>`; null = it is not.
-- The payload of an object that is not to be taken apart is a JSON text.
alter table raw.records add column if not exists fault varchar;

-- name: 122_records_verbatim_hash
-- The first eight bytes of the sha256 of the object as the vendor wrote it
-- last, and of its fault: what looks the same need not be looked at. Null: not
-- known, of a version before.
alter table raw.records add column if not exists verbatim_hash ubigint;

-- name: 152_newest_records
-- The newest version of each object. A filter on source, stream or record_id
-- narrows what is read; a join does not.
create or replace view raw.newest_records as

select
    source,
    stream,
    record_id,
    max(version) as version

from raw.records

group by source, stream, record_id;
