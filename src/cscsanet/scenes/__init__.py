"""RGB-thermal scenes: the layout of a frames folder, decoding, resizing, augmentation and masks."""
