"""Edit a closed .xlsx or .xlsm inside its zip; what StockBook does not own stays as it is."""
