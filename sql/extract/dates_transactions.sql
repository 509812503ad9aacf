-- How a card transaction of Procurify is dated. None is unsettled: each read of
-- its window shows it again.

-- name: fields
-- What is read of an object, its id and its stream first.
create or replace temp macro record_fields(payload) as json_extract_string(
    payload,
    ['$.id', '$.type', '$.transaction_datetime', '$.authorization_datetime']
);

-- name: filed_on
create or replace temp macro filed_on(fields) as
    (
        coalesce(instant(fields[3]), instant(fields[4])) at time zone 'UTC'
    )::date;

-- name: unsettled
create or replace temp macro is_unsettled(fields) as null::boolean;
