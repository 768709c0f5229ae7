"""The only place that knows the insides of spreadsheets."""
