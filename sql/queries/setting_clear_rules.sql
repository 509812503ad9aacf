delete from staging.setting_rules
