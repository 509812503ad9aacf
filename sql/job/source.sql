-- ops.sources: one row per source that was ever configured.

-- name: list
select
    source,
    kind,
    tenant

from ops.sources

order by source;
