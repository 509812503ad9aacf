use spend
