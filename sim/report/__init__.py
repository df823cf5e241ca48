"""The report reads results and never the model: tables, figures, one page."""
