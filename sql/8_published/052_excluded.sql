create or replace view excluded as select * from canonical.excluded
