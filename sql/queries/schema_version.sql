select max(version) as version from ops.schema_versions
