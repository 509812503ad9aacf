-- The records of canonical that are compared one by one. Found once, by their
-- ids alone: most loads have few, and then nothing else of canonical is read.
create or replace temp table diff_rest as

select spend.spend_id

from canonical.spend as spend

anti join diff_same as same
    on spend.spend_id = same.spend_id
