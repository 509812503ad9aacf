update canonical.spend
set record_version = $version
where spend_id = $spend_id
