-- Every record that is being derived, with its type and outcome: spend if it
-- has neither reason.
create or replace temp view int_records_decided as

with

records as (

    select *

    from staging.records_combined

    semi join dirty_slice
        using (source, stream, record_id)

    where first_seen_at
        between getvariable('first_seen_from') and getvariable('first_seen_to')

),

types as (

    select kind, value, type from staging.setting_types
    union all by name
    select
        seeds.kind,
        seeds.value,
        seeds.type

    from (
        select kind, unnest(types, recursive := true) from kinds
    ) as seeds

    anti join staging.setting_types as overrides
        using (kind, value)

    where seeds.enabled

),

matched as (

    select
        records.spend_id,
        arg_min(rules.reason, rules.line) as reason,
        arg_min('rules file, line ' || rules.line, rules.line) as detail

    from records

    inner join staging.setting_rules as rules
        on (rules.source is null or records.source = rules.source)
        and case rules.field
            when 'vendor' then records.vendor_raw
            when 'name' then records.name
            when 'category' then records.category_raw
            when 'description' then records.description
            when 'department' then records.department
            when 'identifier' then records.identifier
            when 'currency' then records.currency
            when 'record_id' then records.record_id
        end ilike rules.pattern escape '\'

    where records.excluded_reason is null

    group by records.spend_id

),

reasons as (

    select
        records.* exclude (excluded_reason, quarantine_reason, detail),
        coalesce(types.type, fallbacks.type) as type,
        coalesce(
            records.excluded_reason, 'rule:' || matched.reason
        ) as excluded_reason,
        coalesce(
            records.quarantine_reason,
            if(
                types.type is null and fallbacks.type is null,
                'type_unmapped',
                null
            )
        ) as quarantine_reason,
        matched.detail as rule_detail,
        records.detail as quarantine_detail

    from records

    left join types
        on records.kind = types.kind
        and records.type_value = types.value

    left join types as fallbacks
        on records.kind = fallbacks.kind
        and records.type_fallback = fallbacks.value

    left join matched
        on records.spend_id = matched.spend_id

)

select
    * exclude (quarantine_reason, rule_detail, quarantine_detail),
    if(excluded_reason is null, quarantine_reason, null) as quarantine_reason,
    case
        when excluded_reason is not null then rule_detail
        when quarantine_reason = 'type_unmapped' then type_value
        else quarantine_detail
    end as detail

from reasons
