"""The questions: one file a kind of question, each put to `sim` with numbers from `conf`."""
