"""Small questions that were answered by numbers, kept beside the README that tells of them."""
