-- One row: the settings of this transform that concern every source.
create table if not exists staging.setting_run (
    reporting_currency varchar not null,
    reporting_timezone varchar not null
)
