"""The link without learning: what SRS show, ports, feedback, and what the BS believes after each."""
