insert into ops.notifications (run_id, status, subject, told_at)
values ($run_id, $status, $subject, $told_at)
