-- ops.sources: one row per source that was ever configured.

-- name: list
select
    source,
    kind,
    tenant

from ops.sources

order by source;

-- name: save
-- Kind and tenant are written once, the rest is as of the last run.
merge into ops.sources

using (select $source as source) as configured
    on sources.source = configured.source

when matched then
    update set
        amount_basis = $amount_basis,
        approved_only = $approved_only,
        amount_unit = $amount_unit,
        minor_units = $minor_units,
        hidden_vendor = $hidden_vendor,
        updated_at = $updated_at

when not matched then
    insert (
        source,
        kind,
        tenant,
        amount_basis,
        approved_only,
        amount_unit,
        minor_units,
        hidden_vendor,
        first_run_id,
        updated_at
    )
    values (
        configured.source,
        $kind,
        $tenant,
        $amount_basis,
        $approved_only,
        $amount_unit,
        $minor_units,
        $hidden_vendor,
        $run_id,
        $updated_at
    );
