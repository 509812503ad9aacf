-- The copy that was written last.
select
    shows,
    sha256,
    bytes

from ops.published
