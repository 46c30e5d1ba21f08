"""Precoding of the downlink from what SRS show and what UEs feed back: the specialist of arXiv 2509.19312, v1."""
