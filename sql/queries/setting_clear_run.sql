delete from staging.setting_run
