-- One row per source: where its records go, and which application that is.
-- Parameter: a JSON array of {source, target}. A source that is nowhere to be
-- sent has no row.
create or replace temp table diff_targets as

with

configured as (

    select unnest(
        from_json($targets, '[{"source": "VARCHAR", "target": "VARCHAR"}]'),
        recursive := true
    )

)

select
    configured.source,
    configured.target,
    coalesce(targets.application, configured.target) as application

from configured

left join delivery.targets as targets
    on configured.target = targets.target
