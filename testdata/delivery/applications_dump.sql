select
    target,
    application

from delivery.targets

order by target
