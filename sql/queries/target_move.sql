-- Makes two targets one application.
update delivery.targets

set application = (
    select application from delivery.targets where target = $to
)

where application = (
    select application from delivery.targets where target = $from
)
