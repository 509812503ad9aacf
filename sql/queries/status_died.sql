-- Runs that never ended, unless a later run has done their work since.
select
    died.run_id,
    died.command

from ops.runs as died

where (died.status = 'running' or died.error = $stopped)
    and died.command != 'settle'
    and not exists (
        select 1

        from ops.runs as later

        where later.run_id > died.run_id
            and later.status in ('ok', 'needs_person')
            and (
                later.command = died.command
                or later.command = 'run'
                or later.command = 'load' and died.command = 'run'
            )
    )

order by died.run_id desc
