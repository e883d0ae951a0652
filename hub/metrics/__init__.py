"""What a hub counts of itself, and the page that Prometheus reads."""
