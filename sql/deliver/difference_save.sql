-- Stores what the diff found. A record that is found as it was keeps the run
-- that found it so first.
merge into delivery.differences as differences

using (

    select
        spend_id,
        source,
        target,
        class,
        state,
        difference,
        reason,
        settled,
        reversed,
        coalesce(currency, standing_currency) as currency,
        case
            when currency = standing_currency then amount - standing_amount
            else coalesce(amount, -standing_amount)
        end as amount,
        $run_id as since_run_id

    from diff_states

) as found
    on differences.spend_id = found.spend_id

when matched and (
    differences.difference != found.difference
    or differences.state != found.state
    or differences.class != found.class
    or differences.settled != found.settled
    or differences.since_run_id = ''
) then update set
    source = found.source,
    target = found.target,
    class = found.class,
    state = found.state,
    difference = found.difference,
    reason = found.reason,
    settled = found.settled,
    reversed = found.reversed,
    currency = found.currency,
    amount = found.amount,
    since_run_id = case
        when differences.since_run_id != ''
            and differences.difference = found.difference
            and differences.state = found.state
            then differences.since_run_id
        else found.since_run_id
    end

when not matched then
    insert by name

when not matched by source then delete
