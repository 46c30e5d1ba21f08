"""A BS and several users of one antenna each: both links, sounding, and precoders of the downlink."""
