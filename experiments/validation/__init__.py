"""What the simulated populations come to, quantity by quantity, beside what is published."""
