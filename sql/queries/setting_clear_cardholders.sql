-- A source that left the configuration keeps the addresses it had.
delete from staging.setting_cardholders

where source in (select unnest(from_json($sources::json, '["VARCHAR"]')))
