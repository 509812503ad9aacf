create view excluded as select * from canonical.excluded
