-- delivery.holds: what the gates hold.

-- name: folder
-- Holds everything: the ledger may be older than what was sent.
update item_draft set gate = 'folder';

-- name: first_load
-- Holds what a source would post to an application that never accepted
-- anything from it.
update item_draft

set gate = 'first_load'

where gate is null
    and not approved
    and not reversed
    and (source, target) in (

        select (source, target)

        from diff_targets

        where (source, application) not in (

            select (items.source, coalesce(targets.application, items.target))

            from delivery.items as items

            left join delivery.targets as targets
                on items.target = targets.target

            where items.state = 'accepted'

        )

    );

-- name: target
-- Holds a record that another target has and this one has not.
update item_draft

set gate = 'target'

where gate is null
    and not approved
    and spend_id in (select spend_id from diff where elsewhere is not null);

-- name: changes
-- Holds what would change or take back delivered records, if it is more than
-- the limit.
update item_draft

set gate = 'hold_changes_above'

where gate is null
    and not approved
    and class in ('changed', 'withdrawn', 'touched')
    and $above < (

        select count(distinct spend_id)

        from item_draft

        where class in ('changed', 'withdrawn', 'touched')
            and not approved

    );

-- name: volume
-- Holds a whole load that is larger than $times the median of the last ten
-- loads that posted anything.
update item_draft

set gate = 'hold_volume_above'

where gate is null
    and not approved
    and not reversed
    and (select count(*) from item_draft where not follows) > (

        select quantile_disc(records, 0.5) * $times::decimal(18, 4)

        from (

            select
                run_id,
                count(*) as records

            from delivery.planned_items

            where batch_id is not null

            group by run_id

            order by run_id desc

            limit 10

        ) as loads

    );

-- name: quarantine
-- Holds the records of a source of which many more are in quarantine than when
-- nothing of it was held last.
update item_draft

set gate = 'quarantine'

where gate is null
    and not approved
    and not reversed
    and source in (

        select quarantine.source

        from canonical.quarantine as quarantine

        inner join delivery.source_loads as source_loads
            on quarantine.source = source_loads.source
            and source_loads.unheld_run_id is not null

        left join delivery.waiting as waiting
            on quarantine.spend_id = waiting.spend_id
            and waiting.place = 'quarantine'

        where waiting.spend_id is null

        group by quarantine.source

        having count(*) > 10
            and count(*) > $max_share::decimal(18, 4) * (

                select count(*)

                from canonical.placed_records as records

                where records.place != 'excluded'
                    and records.source = quarantine.source

            )

    );

-- name: hold
insert into delivery.holds by name

select
    $run_id as run_id,
    target,
    key,
    spend_id,
    source,
    gate,
    class,
    kind,
    payload,
    md5(payload) as payload_hash,
    currency,
    amount,
    $at::timestamptz as held_at

from item_draft

where gate is not null;

-- name: again
-- What a gate held stays held, however long it waits. Whether the folder and
-- the target are the right ones is checked each time.
update item_draft

set gate = holds.gate

from (

    select
        spend_id,
        min(gate) as gate

    from delivery.holds

    where gate not in ('folder', 'target')

    group by spend_id

) as holds

where item_draft.spend_id = holds.spend_id
    and item_draft.gate is null
    and not item_draft.approved
    and not item_draft.reversed;

-- name: forget
-- Each load lists again what its gates hold.
delete from delivery.holds;

-- name: changed
-- Held items that would not be posted today as they were held.
select holds.key

from delivery.holds as holds

left join item_draft as draft
    on holds.target = draft.target
    and holds.key = draft.key
    and holds.payload_hash = md5(draft.payload)

where draft.key is null

order by holds.key;

-- name: list
-- What the gates of the last load hold, and the name of all of it: its plan.
select
    gate,
    count(*) as items,
    count(distinct spend_id) as records,
    (
        select left(md5(string_agg(
            concat_ws(chr(31), target, key, payload_hash, gate),
            chr(30) order by target, key
        )), 6)
        from delivery.holds
    ) as plan

from delivery.holds

group by gate

order by gate;

-- name: targets
-- For records that another target has: which one, and where they would go.
select distinct
    elsewhere.target as elsewhere,
    holds.target

from delivery.holds as holds

inner join (

    select
        spend_id,
        arg_max(target, ledger_no) as target

    from delivery.items

    where state = 'accepted'

    group by spend_id

) as elsewhere
    on holds.spend_id = elsewhere.spend_id

where holds.gate = 'target'

order by elsewhere.target, holds.target;

-- name: release
-- Lets go of what gates held: the question they asked is answered.
delete from delivery.holds
where gate in (select unnest($gates::varchar[]));

-- name: covers
-- What an approval covers, as its line of decisions.jsonl keeps it.
select
    coalesce(to_json(list({
        'target': target, 'key': key, 'spend_id': spend_id,
        'payload_hash': payload_hash, 'gate': gate, 'class': class,
        'kind': kind, 'currency': currency, 'amount': amount::varchar
    } order by target, key)), '[]')::varchar as covers

from delivery.holds;

-- name: approve
-- One approval: exactly the items that were listed for it.
insert into delivery.approvals by name

select
    $decision_id as decision_id,
    unnest(
        from_json($covers, '[{
            "target": "VARCHAR", "key": "VARCHAR", "spend_id": "VARCHAR",
            "payload_hash": "VARCHAR"
        }]'),
        recursive := true
    );

-- name: approved
-- What was approved passes every gate but that of the folder, exactly as it was
-- listed.
update item_draft

set approved = true

where (target, key, md5(payload)) in (
    select (target, key, payload_hash) from delivery.approvals
);

-- name: only_approved
-- Leaves in the draft the records of one approval only.
delete from item_draft

where spend_id not in (

    select spend_id from delivery.approvals
    where decision_id = $decision_id

);
