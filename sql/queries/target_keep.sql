-- Keeps what the gate of the target holds where it is.
insert into delivery.kept_records by name

with

covers as (

    select unnest(
        from_json($covers, '[{"spend_id": "VARCHAR", "target": "VARCHAR"}]'),
        recursive := true
    )

)

select
    $decision_id as decision_id,
    *

from covers
