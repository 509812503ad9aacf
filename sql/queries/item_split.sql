-- Moves the items of a refused batch to its halves.
update delivery.items

set
    batch_id = case when ordinal <= $middle then $left_id else $right_id end,
    ordinal = case
        when ordinal <= $middle then ordinal
        else ordinal - $middle
    end,
    state = 'planned',
    updated_at = $at::timestamptz

where ledger_no between $first_no and $last_no
    and batch_id = $batch_id
