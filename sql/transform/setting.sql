-- The settings and the user's files as tables, so that rules can be SQL.

-- name: add_run
insert into staging.setting_run by name

select
    $reporting_currency as reporting_currency,
    $reporting_timezone as reporting_timezone,
    ($today::date + interval 2 years)::date as latest_on;

-- name: add_sources
insert into staging.setting_sources by name

select unnest(from_json($rows::json, '[{
    "source": "VARCHAR", "kind": "VARCHAR", "tenant": "VARCHAR",
    "amount_basis": "VARCHAR", "approved_only": "BOOLEAN",
    "amount_unit": "VARCHAR", "minor_units": "VARCHAR",
    "hidden_vendor": "VARCHAR"
}]'), recursive := true);

-- name: keep_sources
-- A source that is no longer configured keeps its last settings.
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
    on known.source = configured.source;

-- name: add_rules
insert into staging.setting_rules by name

select unnest(from_json($rows::json, '[{
    "line": "INTEGER", "source": "VARCHAR", "field": "VARCHAR",
    "pattern": "VARCHAR", "reason": "VARCHAR"
}]'), recursive := true);

-- name: add_types
insert into staging.setting_types by name

select unnest(from_json($rows::json, '[{
    "kind": "VARCHAR", "value": "VARCHAR", "type": "VARCHAR"
}]'), recursive := true);

-- name: add_categories
insert into staging.setting_categories by name

select unnest(from_json($rows::json, '[{
    "position": "INTEGER", "source": "VARCHAR", "match": "VARCHAR",
    "category": "VARCHAR", "decision": "VARCHAR"
}]'), recursive := true);

-- name: add_cardholders
insert into staging.setting_cardholders by name

select unnest(from_json($rows::json, '[{
    "source": "VARCHAR", "cardholder_uuid": "VARCHAR", "email": "VARCHAR"
}]'), recursive := true);

-- name: clear_cardholders
-- A source that left the configuration keeps the addresses it had.
delete from staging.setting_cardholders

where source in (select unnest(from_json($sources::json, '["VARCHAR"]')));

-- name: add_alias
insert into staging.vendor_aliases (
    position,
    match,
    vendor,
    decision,
    who,
    decided_on
)
values (
    $position,
    $match,
    $vendor,
    $decision,
    nullif($who, ''),
    nullif($decided_on, '')::date
);
