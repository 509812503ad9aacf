-- The files of e-mail addresses whose sources may have left the configuration.
select
    split_part(key, '.', 2) as source,
    content

from ops.files

where key like 'sources.%.cardholder_emails'

order by source
