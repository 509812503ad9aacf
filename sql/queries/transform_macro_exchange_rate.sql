-- An exchange rate in plain digits, null for anything else and for zero. For
-- the two casts see minor_units.
create or replace temp macro exchange_rate(text) as nullif(case
    when regexp_full_match(text, '[0-9]{1,6}(\.[0-9]{1,12}0*)?')
        then try_cast(text as decimal(18, 12))
    when regexp_full_match(text, '[0-9]{7,8}(\.[0-9]{1,12}0*)?')
        then try_cast(text as decimal(20, 12))
end, 0)
