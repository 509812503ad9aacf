-- Sources that the ledger or canonical knows, with the target that their
-- newest item went to.
select
    coalesce(spend.source, items.source) as source,
    coalesce(items.target, '') as target

from (select distinct source from canonical.spend) as spend

full outer join (

    select
        source,
        arg_max(target, ledger_no) as target

    from delivery.planned_items

    group by source

) as items
    on spend.source = items.source

order by source
