"""The makers of frames folders: the renderer, the readers of recorded datasets, and the split."""
