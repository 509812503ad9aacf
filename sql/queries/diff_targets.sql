-- One row per source: where its records go. Parameter: a JSON array of
-- {source, target}. A source that is nowhere to be sent has no row.
create or replace temp table diff_targets as

select unnest(
    from_json($targets, '[{"source": "VARCHAR", "target": "VARCHAR"}]'),
    recursive := true
)
