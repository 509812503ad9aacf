-- delivery.targets: one row per target that may have accepted something.

-- name: list
select * exclude (first_run_id) from delivery.targets order by target;

-- name: accepted
-- How many records each of two applications has accepted.
select
    count(distinct items.spend_id) filter (targets.application = $from)
        as accepted_from,
    count(distinct items.spend_id) filter (targets.application = $to)
        as accepted_to

from delivery.items as items

inner join delivery.targets as targets
    on items.target = targets.target

where items.state = 'accepted';

-- name: add
insert into delivery.targets by name

select
    $target as target,
    $address as address,
    $app_id as app_id,
    $target as application,
    $run_id as first_run_id

where $target not in (select target from delivery.targets);

-- name: keep
-- Keeps what the gate of the target holds where it is.
insert into delivery.kept_records by name

select
    $decision_id as decision_id,
    unnest(
        from_json($covers, '[{"spend_id": "VARCHAR", "target": "VARCHAR"}]'),
        recursive := true
    );

-- name: move
-- Makes two targets one application.
update delivery.targets

set application = (
    select application from delivery.targets where target = $to
)

where application = (
    select application from delivery.targets where target = $from
);

-- name: rename_batches
update delivery.batches set target = $new where target = $old;

-- name: rename_items
update delivery.planned_items set target = $new where target = $old;

-- name: orphans
-- Targets that are in the ledger in the form that older versions wrote.
select
    target,
    any_value(app_id) as app_id,
    arg_min(run_id, first_no) as first_run_id

from delivery.batches

where target not in (select target from delivery.targets)

group by target

order by target;
