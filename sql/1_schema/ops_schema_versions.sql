-- name: 006_schema_versions
-- One row per change of the schema: a step of 1_schema that was run.
create table if not exists ops.schema_versions (
    version integer not null,
    applied_at timestamptz not null
);
