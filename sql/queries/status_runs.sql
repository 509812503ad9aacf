-- The last runs. A decision is none.
select
    runs.run_id,
    runs.command,
    runs.status,
    coalesce(runs.error, '') as error,
    runs.started_at,
    runs.finished_at,
    runs.run_id in (
        select run_id from ops.slots where run_id is not null
    ) as scheduled

from ops.runs as runs

where runs.command != 'settle'

order by runs.run_id desc

limit $limit
