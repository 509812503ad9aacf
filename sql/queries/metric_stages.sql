-- The newest outcome of every stage, and when it last went well.
select
    stage,
    arg_max(status, started_at) as status,
    arg_max(rows_read, started_at) as rows_read,
    arg_max(rows_written, started_at) as rows_written,
    arg_max(rows_skipped, started_at) as rows_skipped,
    arg_max(epoch_ms(finished_at) - epoch_ms(started_at), started_at)
        as milliseconds,
    max(finished_at) filter (where status = 'ok') as succeeded_at

from ops.stages

where status != 'skipped'

group by stage

order by stage
