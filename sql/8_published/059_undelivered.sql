-- Each record that differs between Productiv and spend.
create or replace view undelivered as select * from delivery.undelivered
