-- One record that Productiv does not hold as canonical has it, as of the newest
-- load or decision.
create table if not exists delivery.undelivered (

    ---------- ids
    spend_id varchar not null,
    source varchar not null,
    target varchar,
    since_run_id varchar not null,       -- the run that found it so first

    ---------- text
    -- new, changed, touched, withdrawn, frozen, not_due, unknown
    class varchar not null,
    -- held, pending, rejected, unknown, not_due, unsent_changes
    state varchar not null,
    difference varchar not null,         -- what it is about: md5
    reason varchar,
    currency varchar,                    -- of canonical, else as delivered

    ---------- numerics
    amount decimal(18, 4),               -- what posting it would add

    ---------- booleans
    settled boolean not null,            -- a person signed for it
    -- reversed at Productiv, its new version is not there
    reversed boolean not null
)
