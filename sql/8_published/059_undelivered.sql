-- Each record that differs between Productiv and spend.
create view undelivered as select * from delivery.undelivered
