-- Whether the analysts' copy was ever published, and whether a run has changed
-- since what it shows.
select
    coalesce(bool_or(stage = 'publish' and status = 'ok'), false) as published,
    coalesce(
        max(started_at) filter (
            stage in ('transform', 'deliver', 'approve') and rows_written > 0
        )
        > max(started_at) filter (stage = 'publish' and status = 'ok'),
        false
    ) as stale

from ops.stages
