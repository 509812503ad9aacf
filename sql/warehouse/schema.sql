-- ops.schema_versions: one row per step of 1_schema that was run.

-- name: exists
-- The first step makes the schema, in one transaction with the table.
select count(*) > 0 as found

from duckdb_schemas()

where database_name = current_database()
    and schema_name = 'ops';

-- name: list
select version::varchar as version

from ops.schema_versions

order by version;

-- name: add
-- $versions lists the numbers of the steps that were run.
insert into ops.schema_versions (version, applied_at)

select
    unnest(string_split($versions, ',')::integer[]),
    $applied_at;
