-- So that no result depends on where the server stands.
set TimeZone = 'UTC'
