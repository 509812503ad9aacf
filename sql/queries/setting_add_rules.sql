insert into staging.setting_rules by name

select unnest(from_json($rows::json, '[{
    "line": "INTEGER", "source": "VARCHAR", "field": "VARCHAR",
    "pattern": "VARCHAR", "reason": "VARCHAR"
}]'), recursive := true)
