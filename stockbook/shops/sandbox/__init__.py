"""A whole shop on this machine that speaks the platform's protocol: to try, to train, to test.

`catalogue` and `extras` invent what it sells, `buyers` come and buy, `simulation` lets their
`orders` happen, `wishes` are what they want afterwards, `house` is the stock and who works there;
`truth` says what truly happened. `platform` answers as the platform does, `tokens` keeps its codes
and tokens, `server` puts it on 127.0.0.1, `exports` writes the files that its back office gives.
`faults`, `restless`, `strange` and `late` make it difficult on request (`modes`).

Live: `stock` is what a gated shop shows and sells, `stock_methods` change it, `oversold` tells what
came of it; `burst` is a livestream, `push` tells an address of every change in `messages`.
"""
