insert into ops.runs (
    run_id,
    command,
    status,
    version,
    config_hash,
    started_at
)
values ($run_id, $command, $status, $version, $config_hash, $started_at)
