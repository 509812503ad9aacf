create table ops.stages as select * from warehouse.ops.stages
