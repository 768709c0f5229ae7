"""Pure rules: no file, clock, network, SQL or Excel; `now` and `today` are arguments."""
