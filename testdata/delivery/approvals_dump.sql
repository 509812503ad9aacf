select * from delivery.approvals
order by key
