select
    source,
    kind,
    tenant

from ops.sources

order by source
