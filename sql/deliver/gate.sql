-- delivery.holds: what the gates hold.

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

-- name: any
select count(*) > 0 as held from delivery.holds;

-- name: plan
-- What the gates of the last load hold, and the name of all of it. For records
-- that another target has, moves are which one and where they would go, and
-- elsewhere what a decision to keep them there covers.
with

gates as (

    select
        gate,
        count(*) as items,
        count(distinct spend_id) as records

    from delivery.holds

    group by gate

),

places as (

    select
        items.spend_id,
        holds.target,
        arg_max(items.target, items.ledger_no) as elsewhere

    from delivery.items as items

    inner join delivery.holds as holds
        on items.spend_id = holds.spend_id

    where items.state = 'accepted'
        and holds.gate = 'target'

    group by items.spend_id, holds.target

)

select
    left(md5(string_agg(
        concat_ws(chr(31), target, key, payload_hash, gate),
        chr(30) order by target, key
    )), 6) as plan,
    (
        select to_json(list(gates order by gate))::varchar from gates
    ) as held,
    (
        select to_json(list_sort(list(distinct {
            'from': elsewhere, 'to': target
        })))::varchar
        from places
    ) as moves,
    (
        select to_json(list({
            'spend_id': spend_id, 'target': elsewhere
        } order by spend_id))::varchar
        from places
    ) as elsewhere

from delivery.holds;

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
