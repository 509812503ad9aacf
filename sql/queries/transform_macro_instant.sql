-- A moment in its ISO spelling, to the millisecond; without an offset it is
-- UTC. Null for anything else.
create or replace temp macro instant(text) as case
    when regexp_full_match(
        text, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*'
    ) then date_trunc('milliseconds', try_cast(text as timestamptz))
end
