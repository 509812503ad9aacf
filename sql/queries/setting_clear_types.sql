delete from staging.setting_types
