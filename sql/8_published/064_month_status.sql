create or replace view month_status as select * from ops.month_status
