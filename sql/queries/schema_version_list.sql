select version::varchar as version

from ops.schema_versions

order by version
