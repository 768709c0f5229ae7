"""Where orders come from, and where stock, price and promise go."""
