create table ops.checks as select * from warehouse.ops.checks
