-- Each load looks at its gates afresh. What was approved stays on record.
delete from delivery.holds
where settlement_id is null
