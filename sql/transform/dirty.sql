-- The records to derive again.

-- name: news
-- How many versions are new to staging.
select count(*) as news from pending_versions;

-- name: payloads
-- One slice of the versions that are not staged yet, with their payloads. What
-- was seen together is stored together, so that a slice reads a part of them.
create or replace temp view pending_payloads as

select
    sources.kind,
    records.*,
    pending.first_seen_at,
    pending.newest

from raw.records as records

inner join pending_slice as pending
    using (source, stream, record_id, version)

inner join ops.sources as sources
    on records.source = sources.source

where records.seen_at
    between getvariable('seen_from') and getvariable('seen_to');

-- name: pending_slice
-- One slice of the versions that are not staged yet. All versions of an object
-- are in the same one.
create or replace temp table pending_slice as

select *

from pending_versions

where first_seen_at in (select first_seen_at from slices where slice = $slice);

-- name: seen_from
set variable seen_from = (select min(seen_at) from pending_slice);

-- name: seen_to
set variable seen_to = (select max(seen_at) from pending_slice);

-- name: all
-- Every spend record.
create or replace temp table dirty_records as

select
    source,
    stream,
    record_id

from staged_versions

where stream in (select stream from kinds);

-- name: changed
-- The spend records that have a new version, and those dated too far ahead,
-- which become plausible with time. Each vendor adds what else a new version
-- affects.
create or replace temp table dirty_records as

select
    source,
    stream,
    record_id

from pending_versions

where newest
    and stream in (select stream from kinds)

union

select
    source,
    stream,
    record_id

from staging.records_combined

where quarantine_reason = 'date_implausible';

-- name: rates
-- Records of a currency from the first day on whose reference rate is another
-- than before.
insert into dirty_records by name

with

changed as (

    select
        currency,
        min(valid_on) as valid_on

    from (
        (from rates_before except from canonical.fx_rates)
        union all
        (from canonical.fx_rates except from rates_before)
    )

    group by currency

)

select
    records.source,
    records.stream,
    records.record_id

from staging.records_combined as records

inner join changed
    on records.currency = changed.currency
    and records.occurred_on >= changed.valid_on

anti join dirty_records as known
    using (source, stream, record_id);

-- name: any
-- Whether a record is to be derived again.
select exists (select 1 as one from dirty_records) as dirty;

-- name: names
-- Records that did not change, but whose vendor was renamed.
insert into dirty_records by name

with

renamed as (

    select
        vendor_raw,
        vendor_origin,
        vendor_key,
        vendor,
        vendor_rule

    from vendors_keyed

    except

    select
        vendor_raw,
        vendor_origin,
        vendor_key,
        vendor,
        vendor_rule

    from staging.vendor_names

)

select
    records.source,
    records.stream,
    records.record_id

from staging.records_combined as records

semi join renamed
    using (vendor_raw, vendor_origin)

anti join dirty_records as known
    using (source, stream, record_id);

-- name: cut
-- The slices in which a table is worked on, by when its records were seen
-- first: what was seen together is in one slice.
create or replace temp table slices as

with

instants as (

    select
        first_seen_at,
        count(*) as records

    from {table}

    group by first_seen_at

),

placed as (

    select
        first_seen_at,
        sum(records) over (order by first_seen_at) - records as place

    from instants

)

select
    first_seen_at,
    dense_rank() over (order by place - place % $most) - 1 as slice

from placed;

-- name: slices
-- The number of slices: none if the table is empty.
select coalesce(max(slice) + 1, 0) as slices from slices;

-- name: seen
-- The records to derive again, with when they were seen first.
create or replace temp table seen_records as

select
    source,
    stream,
    record_id,
    staged.first_seen_at

from dirty_records

inner join staged_versions as staged
    using (source, stream, record_id);

-- name: slice
-- One slice of the records to derive again.
create or replace temp table dirty_slice as

select *

from seen_records

where first_seen_at in (select first_seen_at from slices where slice = $slice);

-- name: first_seen_from
set variable first_seen_from = (select min(first_seen_at) from dirty_slice);

-- name: first_seen_to
set variable first_seen_to = (select max(first_seen_at) from dirty_slice);

-- name: note
-- Notes that this run derived records again, or is the first one to note it.
insert into ops.canonical_changes (run_id, changed_at)

select
    $run_id::varchar,
    $changed_at::timestamptz

where $full::boolean
    or exists (select 1 as one from dirty_records)
    or not exists (select 1 as one from ops.canonical_changes);

-- name: drop
-- Deletes the records to derive again.
delete from {table} as records

using dirty_records as dirty

where records.source = dirty.source
    and records.stream = dirty.stream
    and records.record_id = dirty.record_id;
