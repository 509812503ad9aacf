-- What the gates of the newest load hold back.
select
    gate,
    count(*) as records

from delivery.holds

where settlement_id is null
    and run_id = (
        select max(run_id)
        from ops.stages
        where stage = 'deliver'
            and status != 'skipped'
    )

group by gate

order by gate
