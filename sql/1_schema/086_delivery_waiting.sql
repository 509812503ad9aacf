-- One record that was not due in the newest load, and why. What becomes due
-- although the vendor changed nothing became so by a changed setting. Rows of
-- quarantine are as of the newest load that held nothing of their source.
create table if not exists delivery.waiting (
    spend_id varchar not null,
    source varchar not null,
    -- excluded, quarantine, early (before post_from)
    place varchar not null,
    record_version integer not null
)
