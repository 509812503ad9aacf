create view quarantine as select * from canonical.quarantine
