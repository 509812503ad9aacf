-- Whether a version is new to staging.
select exists (select 1 as one from pending_versions) as news
