-- Offenders: records whose day is not that of their instant: in UTC for
-- Productive.io, which knows days only, else in the reporting time zone.
select
    spend.spend_id,
    spend.occurred_on,
    spend.occurred_at

from canonical.spend as spend

cross join staging.setting_run as settings

where spend.occurred_on != if(
    spend.kind = 'productive',
    (spend.occurred_at at time zone 'UTC')::date,
    (spend.occurred_at at time zone settings.reporting_timezone)::date
)
