set global memory_limit = $value
