-- Keeps how the newest load saw each source.
merge into delivery.source_loads as source_loads

using (

    select
        sources.source,
        holds.source is not null as held

    from (
        select source from canonical.spend
        union
        select source from canonical.excluded
        union
        select source from canonical.quarantine
    ) as sources

    left join (select distinct source from delivery.holds) as holds
        on sources.source = holds.source

) as found
    on source_loads.source = found.source

when matched then update set
    run_id = $run_id,
    settings_hash = $settings_hash,
    models_hash = $models_hash,
    unheld_run_id = case
        when found.held then source_loads.unheld_run_id
        else $run_id
    end

when not matched then insert (
    source, run_id, unheld_run_id, settings_hash, models_hash
)
values (
    found.source,
    $run_id,
    case when not found.held then $run_id end,
    $settings_hash,
    $models_hash
)
