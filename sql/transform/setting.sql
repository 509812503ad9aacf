-- The settings and the user's files as tables, so that rules can be SQL.

-- name: add_run
insert into staging.setting_run by name

select
    $reporting_currency as reporting_currency,
    $reporting_timezone as reporting_timezone,
    ($today::date + interval 2 years)::date as latest_on;

-- name: save_sources
-- Kind and tenant are written once, how records are read whenever it changes.
merge into ops.sources

using (
    select
        source,
        kind,
        tenant,
        coalesce(nullif(amount_basis, ''), 'gross') as amount_basis,
        approved_only,
        nullif(amount_unit, '') as amount_unit,
        minor_units,
        coalesce(nullif(hidden_vendor, ''), 'quarantine') as hidden_vendor,
        $run_id as first_run_id,
        $updated_at as updated_at
    from (
        select unnest(from_json($sources::json, '[{
            "source": "VARCHAR", "kind": "VARCHAR", "tenant": "VARCHAR",
            "amount_basis": "VARCHAR", "approved_only": "BOOLEAN",
            "amount_unit": "VARCHAR", "minor_units": "VARCHAR",
            "hidden_vendor": "VARCHAR"
        }]'), recursive := true)
    )
) as configured
    on sources.source = configured.source

when matched
    and row(
        sources.amount_basis,
        sources.approved_only,
        sources.amount_unit,
        sources.minor_units,
        sources.hidden_vendor
    ) is distinct from row(
        configured.amount_basis,
        configured.approved_only,
        configured.amount_unit,
        configured.minor_units,
        configured.hidden_vendor
    )
    then update set
        amount_basis = configured.amount_basis,
        approved_only = configured.approved_only,
        amount_unit = configured.amount_unit,
        minor_units = configured.minor_units,
        hidden_vendor = configured.hidden_vendor,
        updated_at = configured.updated_at

when not matched then
    insert by name;

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
insert into ops.cardholders by name

select unnest(from_json($rows::json, '[{
    "source": "VARCHAR", "cardholder_uuid": "VARCHAR", "email": "VARCHAR"
}]'), recursive := true);

-- name: clear_cardholders
-- A source that left the configuration keeps the addresses it had.
delete from ops.cardholders

where source in (select unnest(from_json($sources::json, '["VARCHAR"]')));

-- name: add_aliases
insert into staging.vendor_aliases by name

select unnest(from_json($rows::json, '[{
    "position": "INTEGER", "match": "VARCHAR", "vendor": "VARCHAR",
    "who": "VARCHAR", "decided_on": "DATE", "decision": "VARCHAR"
}]'), recursive := true);
