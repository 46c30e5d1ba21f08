"""A published point for feedback without SRS: Sohrabi et al., arXiv 2007.06512."""
