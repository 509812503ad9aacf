-- Holds what came by a backfill, and what was not due in the load before and
-- became so although the vendor changed nothing: by a changed setting. A new
-- version of this program, which reads records otherwise, does not post again
-- what it would now name otherwise.
update item_draft

set gate = 'backfill'

where gate is null
    and not approved
    and not reversed
    and (class, spend_id) in (

        select
            'new' as class,
            draft.spend_id

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

        select
            'touched' as class,
            spend.spend_id

        from diff

        inner join canonical.spend as spend
            on diff.spend_id = spend.spend_id

        inner join delivery.items as standing
            on diff.standing_no = standing.ledger_no
            and spend.record_version = standing.record_version

        inner join delivery.source_loads as source_loads
            on spend.source = source_loads.source
            and source_loads.models_hash is distinct from $models_hash

        where diff.class = 'touched'

    )
