"""Who is active? Detection of active devices from one preamble each, for every preamble length."""
