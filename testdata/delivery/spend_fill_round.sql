-- Puts $records records of one round into canonical.spend.
insert into canonical.spend by name

select
    spend.* replace (
        $round || '-' || number as spend_id,
        $round || '-' || number as record_id,
        number + 0.25 as amount
    )

from canonical.spend as spend

cross join range(1, $records + 1) as numbers (number)

where spend.spend_id = 'template'
