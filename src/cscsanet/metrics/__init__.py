"""The measures of segmentation, their bootstrap intervals, and estimates with intervals."""
