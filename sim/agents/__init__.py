"""The few who decide; they do not know each other and meet in the model."""
