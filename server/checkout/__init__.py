"""The use cases of checkout: from held seats to tickets, or to money sent back, over the ports alone."""
