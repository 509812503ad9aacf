create or replace view control_totals as select * from ops.control_totals
