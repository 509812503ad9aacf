set global threads = $value
