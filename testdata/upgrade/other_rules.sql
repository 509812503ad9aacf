-- Makes the warehouse that of a version with other rules.
update canonical.spend set amount = amount + 1
where spend_id = 'productive-517-expense-26';

update canonical.spend set occurred_on = occurred_on + 1
where spend_id in ('productive-517-expense-27', 'productive-517-expense-29');

update canonical.spend set category = 'Other'
where spend_id = 'productive-517-expense-30';

insert into canonical.excluded by name
select
    spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    record_version,
    page_id,
    'rule' as reason,
    first_seen_at,
    changed_at

from canonical.spend

where spend_id = 'productive-517-expense-31';

delete from canonical.spend
where spend_id = 'productive-517-expense-31';
