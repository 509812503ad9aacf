-- As many as the machine has.
reset global threads
