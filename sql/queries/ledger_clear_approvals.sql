delete from delivery.approvals
