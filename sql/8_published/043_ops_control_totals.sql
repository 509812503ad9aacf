create table ops.control_totals as select * from warehouse.ops.control_totals
