insert into staging.setting_categories by name

select unnest(from_json($rows::json, '[{
    "position": "INTEGER", "source": "VARCHAR", "match": "VARCHAR",
    "category": "VARCHAR", "decision": "VARCHAR"
}]'), recursive := true)
