select distinct
    file,
    bytes

from raw.pages

where outcome != 'damaged'

order by file
