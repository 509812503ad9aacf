-- Files that nothing names were listed two days earlier than they were.
update ducklake_files_scheduled_for_deletion
set schedule_start = schedule_start - interval '2 days';
