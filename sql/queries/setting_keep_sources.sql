-- Sources that left the configuration are read as they were read last.
insert into staging.setting_sources by name

select
    known.source,
    known.kind,
    known.tenant,
    coalesce(known.amount_basis, 'gross') as amount_basis,
    coalesce(known.approved_only, true) as approved_only,
    nullif(known.amount_unit, '') as amount_unit,
    coalesce(nullif(known.minor_units, ''), '{}') as minor_units,
    coalesce(known.hidden_vendor, 'quarantine') as hidden_vendor

from ops.sources as known

anti join staging.setting_sources as configured
    on known.source = configured.source
