-- The diff in records.
select
    class,
    state,
    bool_or(action = 'reverse') as reverses,
    count(*) filter (reversed and not settled) as reversed,
    count(*) as records

from diff_states

group by class, state

order by class, state
