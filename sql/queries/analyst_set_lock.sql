set global lock_configuration = true
