delete from ops.checks

where checked_at < $before
