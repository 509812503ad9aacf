-- $versions lists the numbers of the steps that were run.
insert into ops.schema_versions (version, applied_at)

select
    unnest(string_split($versions, ',')::integer[]),
    $applied_at
