"""StockBook: a shop's orders come in, and the workbook says what will run out, and when."""
