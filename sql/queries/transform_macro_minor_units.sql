-- An integer number of minor units, null for anything else. A payload may
-- spell 10000 as 1e4 or 10000.0: DuckDB stores both as 10000.0, which is exact
-- up to 15 digits. Reading a text as a decimal of more than 18 digits takes a
-- hundred times as long, so only long texts are read so.
create or replace temp macro minor_units(text) as case
    when not regexp_full_match(text, '-?([0-9]{1,24}|[0-9]{1,15}\.0)') then null
    when length(text) <= 14 then try_cast(text as decimal(18, 4))
    else try_cast(text as decimal(28, 4))
end
