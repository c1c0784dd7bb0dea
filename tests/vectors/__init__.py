"""Golden vectors: known inputs and answers of the wire contract, read by the Python and by the node tests alike."""
