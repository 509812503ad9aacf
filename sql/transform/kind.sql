-- The kinds of sources. A vendor has a view staging.seed_vendor_<kind>, and a
-- table staging.<kind>__<stream> for each stream that is typed. By these names
-- everything is found that is the same for all vendors.

-- name: find_seeds
set variable vendor_seeds = (

    select list('staging.' || view_name order by view_name)

    from duckdb_views()

    where database_name = current_database()
        and schema_name = 'staging'
        and starts_with(view_name, 'seed_vendor_')

);

-- name: find_typed
-- By their columns: to list tables, a lake looks up how large each one is.
set variable typed_tables = (

    select list_sort(list(distinct 'staging.' || table_name))

    from duckdb_columns()

    where database_name = current_database()
        and schema_name = 'staging'
        and contains(table_name, '__')

);

-- name: gather_kinds
-- One kind of sources.
create or replace temp table kinds as

select * from query_table(getvariable('vendor_seeds'), true);

-- name: gather_streams
-- One stream of a source that is typed. Other objects are kept in raw.records
-- only.
create or replace temp view typed_streams as

select
    sources.source,
    split_part(tables.name, '__', 2) as stream

from ops.sources as sources

inner join (
    select unnest(getvariable('typed_tables')) as name
) as tables
    on starts_with(tables.name, 'staging.' || sources.kind || '__');

-- name: gather_versions
-- The version of each object that is typed.
create or replace temp view staged_versions as

select
    source,
    stream,
    record_id,
    version,
    first_seen_at

from query_table(getvariable('typed_tables'), true);

-- name: gather_units
-- The unit of a source's integer amounts in a currency, where its settings say
-- another than the currency has.
create or replace temp view stored_units as

select
    overrides.source,
    overrides.override.key as currency,
    units.unit

from (
    select
        source,
        unnest(map_entries(from_json(
            minor_units, '"MAP(VARCHAR, INTEGER)"'
        ))) as override

    from ops.sources
) as overrides

inner join staging.seed_units as units
    on overrides.override.value = units.exponent;

-- name: gather_spellings
-- A spelling of a vendor's name in a version that no record is made of.
create or replace temp table spellings_elsewhere (
    page_id varchar,
    ordinal integer,
    spelling varchar,
    vendor_origin varchar,
    seen_at timestamptz
);

-- name: names
select kind from kinds order by kind;

-- name: typed
select unnest(getvariable('typed_tables')) as name;
