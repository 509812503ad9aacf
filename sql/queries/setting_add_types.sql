insert into staging.setting_types by name

select unnest(from_json($rows::json, '[{
    "kind": "VARCHAR", "value": "VARCHAR", "type": "VARCHAR"
}]'), recursive := true)
