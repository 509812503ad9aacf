insert into staging.setting_sources by name

select unnest(from_json($rows::json, '[{
    "source": "VARCHAR", "kind": "VARCHAR", "tenant": "VARCHAR",
    "amount_basis": "VARCHAR", "approved_only": "BOOLEAN",
    "amount_unit": "VARCHAR", "minor_units": "VARCHAR",
    "hidden_vendor": "VARCHAR"
}]'), recursive := true)
