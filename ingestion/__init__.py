"""From delivered files and tables to a typed, write-once lake in which every row is accounted for."""
