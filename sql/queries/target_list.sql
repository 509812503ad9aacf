select
    target,
    address,
    app_id,
    application

from delivery.targets

order by target
