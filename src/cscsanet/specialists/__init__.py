"""Specialist models of a massive-MIMO physical layer (arXiv 2602.21672). Each folder is one, and none knows another."""
