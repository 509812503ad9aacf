-- The windows of a source that were proven since a job began.
select detail

from ops.checks

where check_name = 'window_complete'
    and source = $source
    and passed
    and checked_at >= $since
