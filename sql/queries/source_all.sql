select
    source,
    kind,
    tenant,
    amount_basis,
    approved_only,
    amount_unit,
    minor_units,
    hidden_vendor,
    first_run_id as run_id,
    updated_at

from ops.sources
