-- Each record that Productiv does not hold as spend has it.
create view undelivered as select * from delivery.undelivered
