"""The networks of the fusion precoder."""
