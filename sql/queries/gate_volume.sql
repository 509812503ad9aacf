-- Holds a whole load that is larger than $times the median of the last ten
-- loads that posted anything. What a person has approved as it is passes.
update item_draft

set gate = 'hold_volume_above'

where (key, md5(payload)) not in (
        select (key, payload_hash) from delivery.holds
        where settlement_id is not null
    )
    and (select count(*) from item_draft where not follows) > (

        select quantile_disc(records, 0.5) * $times::decimal(18, 4)

        from (

            select
                run_id,
                count(*) as records

            from delivery.items

            where batch_id is not null

            group by run_id

            order by run_id desc

            limit 10

        ) as loads

    )
