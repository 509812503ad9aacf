-- Holds what a source would post to an application that never accepted
-- anything from it.
update item_draft

set gate = 'first_load'

where gate is null
    and not approved
    and not reversed
    and (source, target) in (

        select (source, target)

        from diff_targets

        where (source, application) not in (

            select (items.source, coalesce(targets.application, items.target))

            from delivery.items as items

            left join delivery.targets as targets
                on items.target = targets.target

            where items.state = 'accepted'

        )

    )
