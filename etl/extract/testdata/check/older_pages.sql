-- As a version without journals has left its pages.
update raw.pages set journal = null
