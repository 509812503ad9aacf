-- Marks what the gates hold, each item by the first gate that does. What was
-- approved, exactly as it was listed, passes all but that of the folder. What
-- is reversed and waits for its new version is held for few reasons.
update item_draft

set gate = case
    -- The ledger may be older than what was sent.
    when $is_folder_held then 'folder'
    when approved then null
    -- Another target has the record and this one has not.
    when spend_id in (select spend_id from diff where elsewhere is not null)
        then 'target'
    -- The application never accepted anything from the source.
    when $hold_first_load and not reversed and (source, target) in (

        select (source, target)

        from diff_targets

        where (source, application) not in (

            select (items.source, coalesce(targets.application, items.target))

            from delivery.items as items

            left join delivery.targets as targets
                on items.target = targets.target

            where items.state = 'accepted'

        )

    ) then 'first_load'
    -- Many more records of the source are in quarantine than when nothing of it
    -- was held last.
    when not reversed and source in (

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

                from canonical.placed_records as records

                where records.place != 'excluded'
                    and records.source = quarantine.source

            )

    ) then 'quarantine'
    when not reversed and (class, spend_id) in (

        -- It came by a backfill.
        select
            'new' as class,
            spend.spend_id

        from item_draft as draft

        inner join canonical.spend as spend
            on draft.spend_id = spend.spend_id

        inner join raw.records as first_version
            on spend.source = first_version.source
            and spend.stream = first_version.stream
            and spend.record_id = first_version.record_id
            and first_version.version = 1

        inner join raw.pages as pages
            on first_version.page_id = pages.page_id

        inner join ops.runs as runs
            on pages.run_id = runs.run_id
            and runs.command = 'backfill'

        where draft.kind = 'spend'

        union all

        -- It was not due in the load before, and became so by a setting: the
        -- vendor changed nothing.
        select
            'new' as class,
            waiting.spend_id

        from delivery.waiting as waiting

        inner join delivery.source_loads as source_loads
            on waiting.source = source_loads.source
            and source_loads.settings_hash != $settings_hash

        inner join canonical.spend as spend
            on waiting.spend_id = spend.spend_id
            and waiting.record_version = spend.record_version

        union all

        -- A new version of this program reads it otherwise.
        select
            'touched' as class,
            spend.spend_id

        from diff

        inner join canonical.spend as spend
            on diff.spend_id = spend.spend_id

        inner join delivery.planned_items as standing
            on diff.standing_no = standing.ledger_no
            and spend.record_version = standing.record_version

        inner join delivery.source_loads as source_loads
            on spend.source = source_loads.source
            and source_loads.models_hash is distinct from $models_hash

        where diff.class = 'touched'

    ) then 'backfill'
    -- It would change or take back delivered records, more than the limit.
    when class in ('changed', 'withdrawn', 'touched')
        and $most_changes > 0
        and $most_changes < (

            select count(distinct spend_id)

            from item_draft

            where class in ('changed', 'withdrawn', 'touched')
                and not approved

        ) then 'hold_changes_above'
    -- The load is much larger than the median of the last ten that posted.
    when not reversed
        and $volume_times::decimal(18, 4) > 0
        and (select count(*) from item_draft where not follows) > (

            select
                quantile_disc(records, 0.5) * $volume_times::decimal(18, 4)

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

        ) then 'hold_volume_above'
    -- What a gate held stays held, however long it waits. Whether the folder
    -- and the target are the right ones is checked each time.
    when not reversed then (

        select min(holds.gate)

        from delivery.holds as holds

        where holds.spend_id = item_draft.spend_id
            and holds.gate not in ('folder', 'target')

    )
end
