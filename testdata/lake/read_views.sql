-- One answer of the lake's published views: how much spend there is, and the
-- same by vendors and months.
select
    (select count(*) from lake.spend) as records,
    (select sum(amount)::varchar from lake.spend) as money,
    (select sum(records) from lake.spend_by_vendor_month) as records_by_vendor,
    (select count(*) from lake.deliveries where state = 'accepted') as accepted;
