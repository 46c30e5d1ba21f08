"""The measures: segmentation figures, bootstrap intervals, channel errors."""
