-- Versions, and files that nothing names, are two days older than they were.
update ducklake_snapshot
set snapshot_time = snapshot_time - interval '2 days';

update ducklake_files_scheduled_for_deletion
set schedule_start = schedule_start - interval '2 days';
