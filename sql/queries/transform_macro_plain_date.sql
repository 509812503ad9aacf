-- A date in its ISO spelling, null for anything else.
create or replace temp macro plain_date(text) as case
    when regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
        then try_cast(text as date)
end
