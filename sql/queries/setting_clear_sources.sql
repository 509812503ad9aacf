delete from staging.setting_sources
