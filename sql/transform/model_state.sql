-- The settings that decide about records, and whether the tables derived from
-- each other still have the same number of records.
with

settings as (

    select
        'run ' || reporting_currency || ' ' || reporting_timezone as setting
    from staging.setting_run

    union all

    select 'source ' || to_json(sources)::varchar as setting
    from (
        select * exclude (first_run_id, updated_at) from ops.sources
    ) as sources

    union all

    select 'cardholder ' || to_json(cardholders)::varchar as setting
    from ops.cardholders as cardholders

    union all

    select 'rule ' || to_json(setting_rules)::varchar as setting
    from staging.setting_rules as setting_rules

    union all

    select 'type ' || to_json(setting_types)::varchar as setting
    from staging.setting_types as setting_types

    union all

    -- Rejected suggestions change no record.
    select 'category ' || to_json(setting_categories)::varchar as setting
    from staging.setting_categories as setting_categories
    where setting_categories.decision = 'same'

),

-- How many records each table has: one row if all have as many.
sizes as (

    select count(*) as records
    from staged_versions
    where stream in (select stream from kinds)

    union

    select count(*) as records from staging.records_combined

    union

    select count(*) as records from canonical.placed_records

)

select
    md5(string_agg(setting, chr(10) order by setting)) as settings_hash,
    (select count(*) = 1 from sizes) as whole

from settings
