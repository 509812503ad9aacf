-- One approval: exactly the items that were listed for it.
insert into delivery.approvals by name

with

covers as (

    select unnest(
        from_json($covers, '[{
            "target": "VARCHAR", "key": "VARCHAR", "spend_id": "VARCHAR",
            "payload_hash": "VARCHAR"
        }]'),
        recursive := true
    )

)

select
    $decision_id as decision_id,
    *

from covers
