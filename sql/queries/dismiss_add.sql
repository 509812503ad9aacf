insert into delivery.dismissals by name

with

covers as (

    select unnest(
        from_json($covers, '[{
            "spend_id": "VARCHAR", "difference": "VARCHAR"
        }]'),
        recursive := true
    )

)

select
    $decision_id as decision_id,
    *

from covers
