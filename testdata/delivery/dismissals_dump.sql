select * from delivery.dismissals
order by spend_id
