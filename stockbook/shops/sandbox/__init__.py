"""A whole shop on this machine that speaks the platform's protocol: to try, to train, to test.

`catalogue` invents what it sells, `simulation` lets its orders happen, `truth` says what truly
happened, `platform` answers as the platform does, `tokens` keeps its codes and tokens, `server`
puts it on 127.0.0.1. `faults`, `restless` and `strange` make it difficult on request (`modes`).
"""
