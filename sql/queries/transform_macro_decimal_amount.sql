-- A decimal amount in plain digits, null for anything else and where more than
-- four decimals count. A number of 16 and more digits with a fraction has been
-- through double. For the two casts see minor_units.
create or replace temp macro decimal_amount(text) as case
    when not regexp_full_match(
        text, '[+-]?([0-9]{1,24}|[0-9]{1,15}\.[0-9]{1,4}0*)'
    ) then null
    when length(text) <= 14 then try_cast(text as decimal(18, 4))
    else try_cast(text as decimal(28, 4))
end
