-- Holds the records of a source of which many more are in quarantine than when
-- nothing of it was held last.
update item_draft

set gate = 'quarantine'

where gate is null
    and not approved
    and not reversed
    and source in (

        select quarantine.source

        from canonical.quarantine as quarantine

        inner join delivery.source_loads as source_loads
            on quarantine.source = source_loads.source
            and source_loads.unheld_run_id is not null

        left join delivery.waiting as waiting
            on quarantine.spend_id = waiting.spend_id
            and waiting.place = 'quarantine'

        where waiting.spend_id is null

        group by quarantine.source

        having count(*) > 10
            and count(*) > $max_share::decimal(18, 4) * (

                select count(*)

                from (
                    select source from canonical.spend
                    union all
                    select source from canonical.quarantine
                ) as records

                where records.source = quarantine.source

            )

    )
