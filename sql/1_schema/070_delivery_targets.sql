-- One target that accepted, or may have accepted, something: an application at
-- an address of Productiv. Targets that a person called one and the same share
-- their application, so that a record accepted at one is not new at the other.
create table if not exists delivery.targets (
    -- address + '/' + app_id: base_url without scheme, in normal form
    target varchar not null,
    address varchar not null,
    app_id varchar not null,
    application varchar not null,        -- the first of those that are one
    first_run_id varchar not null
)
