"""Workers that die on the way from held seats to tickets."""
