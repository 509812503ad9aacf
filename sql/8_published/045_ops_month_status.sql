create table ops.month_status as select * from warehouse.ops.month_status
