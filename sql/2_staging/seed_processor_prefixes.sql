-- What card processors write before the shop's own name, as in
-- 'SQ *BLUE BOTTLE'. One row per text before the asterisk, in key spelling.
create or replace view staging.seed_processor_prefixes as

select *

from (
    values
        ('2co com', '2Checkout'),
        ('bls', 'BlueSnap'),
        ('dri', 'Digital River'),
        ('eb', 'Eventbrite'),
        ('fs', 'FastSpring'),
        ('gumrd com', 'Gumroad'),
        ('in', 'Intuit'),
        ('iz', 'iZettle'),
        ('klarna', 'Klarna'),
        ('ls', 'Lightspeed'),
        ('mollie', 'Mollie'),
        ('paddle', 'Paddle'),
        ('paddle net', 'Paddle'),
        ('paypal', 'PayPal'),
        ('pp', 'PayPal'),
        ('sp', 'Shop Pay'),
        ('sq', 'Square'),
        ('sqc', 'Square Cash'),
        ('sumup', 'SumUp'),
        ('tst', 'Toast'),
        ('wpy', 'WePay'),
        ('zettle', 'Zettle')
) as prefixes (prefix, processor)
