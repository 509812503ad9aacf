-- No other file, no network, no extension. It cannot be switched on again.
set global enable_external_access = false
