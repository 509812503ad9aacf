-- All runs, the newest first.
select run_id

from ops.runs

order by run_id desc
