-- What a run proved, by kind of proof.
select
    stage,
    check_name,
    coalesce(source, '') as source,
    count(*) filter (where passed) as passed,
    count(*) filter (where not passed) as failed

from ops.checks

where run_id = $run_id

group by stage, check_name, source

order by stage, check_name, source
