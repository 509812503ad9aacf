use warehouse
