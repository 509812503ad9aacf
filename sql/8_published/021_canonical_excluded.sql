create table canonical.excluded as select * from warehouse.canonical.excluded
