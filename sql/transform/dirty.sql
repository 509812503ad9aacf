-- The records to derive again.

-- name: news
-- Whether a version is new to staging.
select exists (select 1 as one from pending_versions) as news;

-- name: payloads
-- The versions that are not staged yet, with their payloads.
create or replace temp view pending_payloads as

select
    sources.kind,
    records.*,
    pending.first_seen_at,
    pending.newest

from raw.records as records

inner join pending_versions as pending
    on records.source = pending.source
    and records.stream = pending.stream
    and records.record_id = pending.record_id
    and records.version = pending.version

inner join ops.sources as sources
    on records.source = sources.source;

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

before as (

    select currency, reporting_currency, valid_on, rate from rates_before

),

after as (

    select currency, reporting_currency, valid_on, rate from canonical.fx_rates

),

changed as (

    select
        currency,
        min(valid_on) as valid_on

    from (
        (select * from before except select * from after)
        union all
        (select * from after except select * from before)
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
    on records.source = known.source
    and records.stream = known.stream
    and records.record_id = known.record_id;

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
    on records.vendor_raw = renamed.vendor_raw
    and records.vendor_origin = renamed.vendor_origin

anti join dirty_records as known
    on records.source = known.source
    and records.stream = known.stream
    and records.record_id = known.record_id;

-- name: slices
-- The number of slices in which records are derived: none if there are no
-- records.
select len(range(0, count(*), $most)) as slices

from dirty_records;

-- name: slice
-- One slice of the records to derive again.
create or replace temp table dirty_slice as

select *

from dirty_records

where md5_number_upper(record_id) % $slices = $slice;

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
