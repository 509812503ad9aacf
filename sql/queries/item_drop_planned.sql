-- What was planned and never stored is planned afresh from what canonical
-- says now.
delete from delivery.items
where state = 'planned'
