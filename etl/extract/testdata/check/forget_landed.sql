update raw.pages set landed = false
