-- Keeps what is not due, so that the next load sees what becomes due by a
-- changed setting. A source of which something is held keeps its quarantine as
-- it was when nothing was.
merge into delivery.waiting as waiting

using (

    select spend_id, source, 'excluded' as place, record_version
    from canonical.excluded

    union all by name

    select spend_id, source, 'early' as place, record_version
    from canonical.spend
    where spend_id in (select spend_id from diff where class = 'not_due')
        and occurred_on < $post_from::date

    union all by name

    select spend_id, source, 'quarantine' as place, record_version
    from canonical.quarantine
    where source not in (select source from delivery.holds)

    union all by name

    select spend_id, source, place, record_version
    from delivery.waiting
    where place = 'quarantine'
        and source in (select source from delivery.holds)

) as found
    on waiting.spend_id = found.spend_id
    and waiting.place = found.place
    and waiting.record_version = found.record_version

when not matched then insert (spend_id, source, place, record_version)
values (found.spend_id, found.source, found.place, found.record_version)

when not matched by source then delete
