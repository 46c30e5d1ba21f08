"""What the fusion precoder is compared with."""
