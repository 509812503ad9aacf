-- Holds a whole load that is larger than $times the median of the last ten
-- loads that posted anything.
update item_draft

set gate = 'hold_volume_above'

where gate is null
    and not approved
    and not reversed
    and (select count(*) from item_draft where not follows) > (

        select quantile_disc(records, 0.5) * $times::decimal(18, 4)

        from (

            select
                run_id,
                count(*) as records

            from delivery.planned_items

            where batch_id is not null

            group by run_id

            order by run_id desc

            limit 10

        ) as loads

    )
