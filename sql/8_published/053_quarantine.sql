create or replace view quarantine as select * from canonical.quarantine
