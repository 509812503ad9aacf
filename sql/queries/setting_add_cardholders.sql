insert into staging.setting_cardholders by name

select unnest(from_json($rows::json, '[{
    "source": "VARCHAR", "cardholder_uuid": "VARCHAR", "email": "VARCHAR"
}]'), recursive := true)
