select distinct subject

from ops.checks

where check_name = $check_name
    and source = $source

order by subject
