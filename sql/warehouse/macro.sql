-- Macros that several packages need. They last as long as the connection.

-- name: instant
-- A moment in its ISO spelling, to the millisecond; without an offset it is
-- UTC. Null for anything else: a cast also reads the names of zones, and after
-- one of them takes texts without an offset for times of that zone.
create or replace temp macro instant(text) as case
    when regexp_full_match(
        text,
        '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}'
        || '(\.[0-9]{1,12})?(Z|[+-][01][0-9](:?[0-5][0-9])?)?'
    ) then date_trunc('milliseconds', try_cast(text as timestamptz))
end;

-- name: plain_date
-- A date in its ISO spelling, null for anything else.
create or replace temp macro plain_date(text) as case
    when regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
        then try_cast(text as date)
end;
