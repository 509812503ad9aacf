-- The e-mail address of one Procurify cardholder, from the user's file.
create table if not exists staging.setting_cardholders (
    source varchar not null,
    cardholder_uuid varchar not null,    -- lower case
    email varchar not null
)
