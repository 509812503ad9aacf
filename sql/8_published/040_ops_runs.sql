create table ops.runs as select * from warehouse.ops.runs
