"""RGB-thermal scenes: where the frames come from, their split, their decoding and augmentation."""
